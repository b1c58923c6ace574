"""Bytes to rows: nothing here knows what may be kept."""
