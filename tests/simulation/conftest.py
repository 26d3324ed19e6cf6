"""The PostgreSQL of :mod:`tests.stores`."""

from tests.stores import postgres

__all__ = ["postgres"]
