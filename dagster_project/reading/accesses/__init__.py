"""Staff access events, one module for each kind of source."""
