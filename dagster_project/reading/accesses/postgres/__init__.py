"""PostgreSQL's server log, what carries it, and pgAudit's entries in it."""
