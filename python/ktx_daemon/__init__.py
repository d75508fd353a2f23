"""The ktx daemon: SQL analysis, introspection, the semantic layer; over loopback HTTP or one-shot."""
