"""Keyed digests of cell values: what shadows and intents remember of what a system shows."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from accord.model.cells import pruned

KEPT = 4_096
"""Digests kept to be used again: a value is met when it is read, decided and confirmed. About 1 MB."""
LONGEST = 256
"""Characters of the longest text (bytes of a structure's JSON) whose digest is kept."""

_dumps, _SORTED = orjson.dumps, orjson.OPT_SORT_KEYS


class Digests:
    """Digests (8 bytes) of values in a vendor's terms. Hot path: a whole record is one call.

    Args:
        key: The store's key: without it short values could be guessed from their digests.
    """

    __slots__ = ("_fresh", "_known", "_true")

    def __init__(self, key: bytes) -> None:
        # Copying a keyed hash is cheaper than keying one anew: the key fills a whole block.
        self._fresh = blake2b(digest_size=8, key=key).copy
        self._known: dict[str | bytes, bytes] = {}
        hasher = self._fresh()
        hasher.update(_dumps(True))
        self._true = hasher.digest()

    def __call__(self, value: Any) -> bytes | None:
        """The digest of one value; None for what is empty."""
        return self.of({"": value}).get("")

    def of(self, cells: Mapping[str, Any]) -> dict[str, bytes]:
        """The digest of each cell that is not empty, in their order."""
        known, fresh = self._known, self._fresh
        found: dict[str, bytes] = {}
        for cell, value in cells.items():
            if type(value) is str:
                digest = known.get(value)
                if digest is None:
                    hasher = fresh()
                    hasher.update(_dumps(value))
                    digest = hasher.digest()
                    if len(value) <= LONGEST:
                        self._keep(value, digest)
                found[cell] = digest
            elif value is True:
                found[cell] = self._true
            elif value is not None and (digest := self._of_other(value)) is not None:
                found[cell] = digest
        return found

    def _of_other(self, value: Any) -> bytes | None:
        """The digest of what is neither text nor null; None for a structure that holds nothing."""
        asked = told = _dumps(value, option=_SORTED)
        digest = self._known.get(asked)
        if digest is not None:
            return digest
        # Only what shows null or an empty structure can have anything to be left out.
        if type(value) is dict and (b"null" in told or b"{}" in told):
            kept = pruned(value)
            if kept is None:
                return None
            told = _dumps(kept, option=_SORTED)
        hasher = self._fresh()
        hasher.update(told)
        digest = hasher.digest()
        if len(asked) <= LONGEST:
            self._keep(asked, digest)
        return digest

    def _keep(self, asked: str | bytes, digest: bytes) -> None:
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[asked] = digest
