"""One file per command. What a command needs that is slow to import, it imports itself."""
