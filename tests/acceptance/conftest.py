"""The stores of :mod:`tests.stores`."""

from tests.stores import *  # noqa: F403
