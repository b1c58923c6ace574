"""The proof that nothing leaks: invented persons go through every format and every step, and are looked for in all that was written."""
