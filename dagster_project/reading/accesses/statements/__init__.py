"""What an SQL statement in PostgreSQL's dialect touches, read from its text alone."""
