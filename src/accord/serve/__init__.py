"""Accord's HTTP door: what mailbox providers and vendors call. Needs the extra ``serve``."""
