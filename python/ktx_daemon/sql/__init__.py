"""Reading SQL: table identifiers, what a statement touches, whether it only reads, its fingerprint."""
