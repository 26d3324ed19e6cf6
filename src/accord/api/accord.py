"""Class Accord: everything the command line does, for Python programs. Thread-safe.

What it holds open stands in ``opened``, what it does in ``syncing``, ``looking``, ``deciding``, ``rights``.
"""

from __future__ import annotations

from accord.api.deciding import Deciding
from accord.api.looking import Looking
from accord.api.rights import Rights
from accord.api.syncing import Syncing


class Accord(Syncing, Looking, Deciding, Rights):
    """An opened configuration: its store, its connections, its flows.

    Args:
        config: The configuration, as :meth:`open` reads it or as objects.
        env: Time, threads and transports; programs leave it out.
        plugins: Plugins to use; by default those of this installation.
        progress: Called with each step of long work, from any thread.
        migrate: Bring an older store up to this version's schema.
        trace: A trace id that is noted with every run.

    Raises:
        ConfigError: the configuration is wrong; ``facts["problems"]`` lists every mistake.
        StateError: the store cannot be opened.
    """
