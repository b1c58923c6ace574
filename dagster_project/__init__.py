"""Glasshouse: proves, from logs and ledgers, that a software vendor keeps the promises of its privacy policy."""

import ctypes
import os
from contextlib import suppress

__version__ = "0.1.0"

# Read by Arrow and by Polars (jemalloc) where they are first imported: caches for each thread hold 130 MB more and save no time.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1")

# The C library would keep the large arrays of a piece for the next: up to 100 MB more. Told so, it gives back every megabyte that is read, too, and takes it anew,
# half of the time of a digest, unless it may keep a few. The numbers are malloc.h's; other libraries have no mallopt.
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
with suppress(AttributeError, OSError, TypeError):
    ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 8 << 20)
    ctypes.CDLL(None).mallopt(_TRIM_THRESHOLD, 4 << 20)
