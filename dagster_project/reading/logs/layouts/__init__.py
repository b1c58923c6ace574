"""The formats of text logs, as layouts of literals and fields, and the exact pattern of their lines."""
