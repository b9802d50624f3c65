"""The durable store: one schema and one set of statements, on a SQLite file or on PostgreSQL."""
