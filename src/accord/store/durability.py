"""How much of a commit a failure may take back."""

from __future__ import annotations

from enum import Enum


class Durability(Enum):
    """What may take a commit back. Consistency is never lost, nor is a commit without those before it.

    Attributes:
        LASTING: Nothing: it is on disk, and with it all that was committed before.
        REPEATABLE: A power failure that ends this process, too. The next one finds what was there before, and
            does it again; no request that changes anything may rest on it before a lasting commit.
        EXPENDABLE: Any failure of the database, also under a process that goes on.
    """

    LASTING = "lasting"
    REPEATABLE = "repeatable"
    EXPENDABLE = "expendable"
