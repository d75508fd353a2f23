{{ config(materialized='table') }}
select *
from (
    values
        (10, 'Ann', 'FR', date '2023-12-20', 1), (11, 'Bo', 'DE', date '2024-01-02', 2),
        (12, 'Cy', 'FR', date '2024-01-15', 1), (13, 'Di', null, date '2024-02-01', null),
        (14, 'Ed', 'DE', date '2024-02-20', 2)
) as customers (customer_id, name, country, joined_on, region_id)
