"""Counts and sizes of record stores, one module for each kind of store; none reads content."""
