"""What the platform remembers: SQLAlchemy over an SQLite file or PostgreSQL. No HTTP, no files."""
