"""Raw texts as typed values: those of one line, and whole columns of them, which say the same."""
