"""The real command, killed with ``kill -9`` again and again, against real servers and a real store.

The second opinion on what :mod:`accord.testing.simulation` shows: processes, sockets and databases that
nobody modelled. ``python -m accord.testing.kills --kills 1000 --store sqlite``.
"""

from accord.testing.kills.campaign import Campaign, Tally

__all__ = ["Campaign", "Tally"]
