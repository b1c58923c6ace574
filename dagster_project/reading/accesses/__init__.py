"""Staff access events: sources of services and of PostgreSQL, and what all of them share."""
