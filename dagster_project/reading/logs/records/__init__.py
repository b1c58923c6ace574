"""Lines that are records of keys and values, read exactly and alone, or as whole columns."""
