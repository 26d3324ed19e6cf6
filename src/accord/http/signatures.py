"""Signatures of webhooks: pure functions over the raw bytes, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Literal

from pydantic import SecretStr

Encoding = Literal["base64", "hex"]
_ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}
DEFAULT_WINDOW = 300.0
_EPOCH_MS = 100_000_000_000


def sign(body: bytes, secret: SecretStr, *, encoding: Encoding = "base64", algorithm: str = "sha256") -> str:
    """The HMAC of the raw body, as vendors send it; sandboxes sign with it."""
    digest = _digest(body, secret, algorithm)
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode("ascii")


def verify_hmac(
    body: bytes,
    signature: str | None,
    secret: SecretStr,
    *,
    encoding: Encoding = "base64",
    prefix: str = "",
    algorithm: str = "sha256",
) -> bool:
    """Whether the signature is the HMAC of exactly these bytes.

    Args:
        body: The raw body, or whatever the vendor signs (address + body, ...), before any decoding.
        signature: What the header said; None or nonsense is simply wrong.
        secret: The shared secret.
        encoding: How the digest is written.
        prefix: What stands before it, such as ``sha256=``.
        algorithm: ``sha256``, ``sha1`` or ``sha512``.
    """
    if signature is None or not signature.startswith(prefix):
        return False
    given = _decoded(signature[len(prefix) :].strip(), encoding)
    return given is not None and hmac.compare_digest(given, _digest(body, secret, algorithm))


def verify_timestamped(  # noqa: PLR0913  what vendors vary
    body: bytes,
    signature: str | None,
    timestamp: str | None,
    secret: SecretStr,
    *,
    now: datetime,
    layout: str = "{timestamp}.{body}",
    window: float = DEFAULT_WINDOW,
    encoding: Encoding = "hex",
    prefix: str = "",
    algorithm: str = "sha256",
) -> bool:
    """As :func:`verify_hmac` over time and body, and only within a window, so that nothing can be replayed.

    Args:
        body: The raw body.
        signature: What the header said.
        timestamp: When the vendor signed: epoch seconds or milliseconds, as text.
        secret: The shared secret.
        now: Our clock.
        layout: What is signed: text in which ``{timestamp}`` and ``{body}`` are replaced.
        window: Seconds that the two clocks may be apart.
        encoding: How the digest is written.
        prefix: What stands before it.
        algorithm: ``sha256``, ``sha1`` or ``sha512``.
    """
    if timestamp is None or not is_fresh(timestamp, now, window=window):
        return False
    before, _, after = layout.replace("{timestamp}", timestamp).partition("{body}")
    signed = before.encode() + body + after.encode()
    return verify_hmac(signed, signature, secret, encoding=encoding, prefix=prefix, algorithm=algorithm)


def is_fresh(timestamp: str, now: datetime, *, window: float = DEFAULT_WINDOW) -> bool:
    """Whether an epoch time (seconds or milliseconds) is within the window around now, either side."""
    text = timestamp.strip()
    if not (text.isascii() and text.replace(".", "", 1).isdigit()):
        return False
    seconds = float(text)
    seconds = seconds / 1000 if seconds >= _EPOCH_MS else seconds
    return abs(now.timestamp() - seconds) <= window


def verify_token(given: str | None, secret: SecretStr) -> bool:
    """Whether a plain shared token (for vendors that sign nothing) is the right one."""
    return given is not None and hmac.compare_digest(given.encode(), secret.get_secret_value().encode())


def _digest(body: bytes, secret: SecretStr, algorithm: str) -> bytes:
    return hmac.new(secret.get_secret_value().encode(), body, _ALGORITHMS[algorithm]).digest()


def _decoded(text: str, encoding: Encoding) -> bytes | None:
    try:
        return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
