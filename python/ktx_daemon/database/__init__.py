"""Databases: what one holds, and the rows of one reading statement. Each driver is a package behind `driver`."""
