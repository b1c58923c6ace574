"""Rows to rows with no person in them."""
