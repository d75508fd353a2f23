{{ config(materialized='table') }}
select *
from (values ('A', 'toys'), ('B', 'books'), ('C', 'toys')) as products (sku, category)
