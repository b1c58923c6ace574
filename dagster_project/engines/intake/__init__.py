"""Takes what the landing folder delivers: each log once, each ledger whole, and accounts for every line."""
