"""PostgreSQL: what a database holds, and the rows of one reading statement."""
