"""ClickHouse servers, over HTTP with ClickHouse's own client."""
