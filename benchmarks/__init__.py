"""Speed, measured side by side with the peers that are installed; never part of a test."""
