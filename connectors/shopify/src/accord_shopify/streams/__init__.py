"""The nouns of a shop that Accord syncs, one file each."""
