"""The standard suite of a connector, by subject."""
