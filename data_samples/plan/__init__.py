"""What the sample vendor did in one week, and what follows from it by the rules; one module a subject."""
