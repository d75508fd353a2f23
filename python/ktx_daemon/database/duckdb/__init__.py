"""DuckDB: a database file, or Parquet and CSV files as tables, read in this process."""
