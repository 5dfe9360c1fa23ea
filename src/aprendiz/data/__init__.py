"""Examples: reading files, checking them, splitting them. Light: no model library."""
