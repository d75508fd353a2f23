"""MetricFlow's semantic models and metrics in a dbt project, as drafted sources."""
