"""The vendor that everybody syncs with over local HTTP: a source, a sink, and systems that are both."""
