"""Glasshouse: proves, from logs and ledgers, that a software vendor keeps the promises of its privacy policy."""

import os

__version__ = "0.1.0"

# Read by Arrow and by Polars (jemalloc) where they are first imported: caches for each thread hold 130 MB more and save no time.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1")
