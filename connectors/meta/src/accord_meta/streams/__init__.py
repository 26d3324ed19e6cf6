"""Meta's nouns."""
