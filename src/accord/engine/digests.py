"""Keyed digests of cell values: what shadows and intents remember of what a system shows."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import orjson

from accord.model.cells import pruned

KEPT = 32_768
"""Digests kept to be used again: a value is met when it is read, decided and confirmed. About 6 MB."""
LONGEST = 128
"""Characters of the longest text whose digest is kept."""

Digest = Callable[[Any], bytes | None]


def keyed(key: bytes) -> Digest:
    """The digest (8 bytes) of a value in a vendor's terms; None for what is empty.

    Args:
        key: The store's key: without it short values could be guessed from their digests.
    """
    # Copying a keyed hash is cheaper than keying one anew: the key fills a whole block.
    fresh = blake2b(digest_size=8, key=key).copy
    dumps, sort = orjson.dumps, orjson.OPT_SORT_KEYS
    texts: dict[str, bytes] = {}
    hasher = fresh()
    hasher.update(dumps(True))
    true = hasher.digest()

    def digest(value: Any) -> bytes | None:
        if type(value) is str:
            known = texts.get(value)
            if known is not None:
                return known
        elif value is None:
            return None
        elif value is True:
            return true
        elif type(value) is dict:
            value = pruned(value)
            if value is None:
                return None
        hasher = fresh()
        hasher.update(dumps(value, option=sort))
        found = hasher.digest()
        if type(value) is str and len(value) <= LONGEST:
            if len(texts) >= KEPT:
                texts.clear()
            texts[value] = found
        return found

    return digest
