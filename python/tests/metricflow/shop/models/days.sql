{{ config(materialized='table') }}
select cast(day.range as date) as date_day
from range(timestamp '2023-12-01', timestamp '2024-05-01', interval 1 day) as day
