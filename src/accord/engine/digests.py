"""Keyed digests of cell values: what shadows and intents remember of what a system shows."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import orjson

from accord.model.cells import pruned

KEPT = 16_384
"""Digests kept to be used again: a value is met when it is read, decided and confirmed. About 4 MB."""
LONGEST = 256
"""Characters of the longest text (bytes of a structure's JSON) whose digest is kept."""

Digest = Callable[[Any], bytes | None]


def keyed(key: bytes) -> Digest:
    """The digest (8 bytes) of a value in a vendor's terms; None for what is empty.

    Args:
        key: The store's key: without it short values could be guessed from their digests.
    """
    # Copying a keyed hash is cheaper than keying one anew: the key fills a whole block.
    fresh = blake2b(digest_size=8, key=key).copy
    dumps, sort = orjson.dumps, orjson.OPT_SORT_KEYS
    known: dict[str | bytes, bytes] = {}
    hasher = fresh()
    hasher.update(dumps(True))
    true = hasher.digest()

    def digest(value: Any) -> bytes | None:
        if type(value) is str:
            asked: str | bytes = value
        elif value is None:
            return None
        elif value is True:
            return true
        else:
            asked = dumps(value, option=sort)
        found = known.get(asked)
        if found is not None:
            return found
        if type(value) is dict:
            value = pruned(value)
            if value is None:
                return None
        hasher = fresh()
        hasher.update(dumps(value, option=sort))
        found = hasher.digest()
        if len(asked) <= LONGEST:
            if len(known) >= KEPT:
                known.clear()
            known[asked] = found
        return found

    return digest
