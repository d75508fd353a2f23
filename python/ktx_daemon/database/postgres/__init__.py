"""PostgreSQL, through psycopg and its libpq."""
