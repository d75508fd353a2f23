{{ config(materialized='table') }}
select *
from (values (1, 'west'), (2, 'north')) as regions (region_id, region_name)
