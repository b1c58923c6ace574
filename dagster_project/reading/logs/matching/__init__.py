"""A layout applied to many lines at once; what is left takes the exact pattern, a line at a time."""
