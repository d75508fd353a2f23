{{ config(materialized='table') }}
select *
from (
    values
        (1, 10, 1, 'paid', 40.0, 4.0, timestamp '2024-01-01 09:30:00', timestamp '2024-01-03 10:00:00', true),
        (2, 10, 2, 'paid', 15.5, 0.0, timestamp '2024-01-01 18:00:00', timestamp '2024-01-02 08:00:00', false),
        (3, 11, 1, 'open', 99.9, 9.9, timestamp '2024-01-02 11:00:00', null, false),
        (4, 12, 1, 'paid', 7.25, null, timestamp '2024-01-15 12:00:00', timestamp '2024-02-01 09:00:00', true),
        (5, null, 2, 'void', null, null, timestamp '2024-01-31 23:59:00', null, null),
        (6, 13, null, 'paid', 60.0, 6.0, timestamp '2024-02-01 00:00:00', timestamp '2024-02-02 00:00:00', false),
        (7, 10, 3, 'open', 12.0, 1.0, timestamp '2024-02-10 10:00:00', null, true),
        (8, 99, 1, 'paid', 31.0, 0.0, timestamp '2024-02-29 08:15:00', timestamp '2024-03-05 08:00:00', false),
        (9, 11, 2, 'paid', 18.0, 2.0, timestamp '2024-03-15 16:45:00', timestamp '2024-03-16 10:00:00', true),
        (10, 12, 3, 'paid', 22.0, null, timestamp '2024-03-31 20:00:00', timestamp '2024-04-02 10:00:00', false)
) as orders (order_id, customer_id, store_id, status, amount, discount, placed_at, shipped_at, is_gift)
