"""One id for one fact."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson


def fingerprint(*parts: Any) -> str:
    """One id for one disagreement: the same facts give the same row (32 hexadecimal digits)."""
    return blake2b(orjson.dumps(parts, default=str), digest_size=16).hexdigest()
