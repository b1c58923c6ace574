"""Glasshouse: proves, from logs and ledgers, that a software vendor keeps the promises of its privacy policy."""

import ctypes
import os
from contextlib import suppress

__version__ = "0.1.0"

# Read by Arrow and by Polars (jemalloc) where they are first imported: caches for each thread hold 130 MB more and save no time.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1")

# The same of the C library's own: a heap for each thread, and large arrays kept for the next, hold 100 MB more (the numbers of malloc.h; other libraries have no mallopt).
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
with suppress(AttributeError, OSError, TypeError):
    ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 2 << 20)
    ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)
