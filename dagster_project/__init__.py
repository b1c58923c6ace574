"""Glasshouse: proves, from logs and ledgers, that a vendor keeps the promises of its privacy policy."""

__version__ = "0.1.0"
