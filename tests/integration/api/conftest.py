"""The towns of :mod:`tests.integration.engine.town`."""

from tests.integration.engine.town import *  # noqa: F403
