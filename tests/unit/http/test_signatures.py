"""Webhook signatures: over the raw bytes, within a window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from accord.http.signatures import sign, verify_hmac, verify_timestamped, verify_token

BODY = b'{"id": 1}'
SECRET = SecretStr("hush")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["base64", "hex"])
def test_the_right_signature_is_accepted(encoding: str) -> None:
    signature = sign(BODY, SECRET, encoding=encoding)  # type: ignore[arg-type]
    assert verify_hmac(BODY, signature, SECRET, encoding=encoding)  # type: ignore[arg-type]


@pytest.mark.parametrize("signature", [None, "", "zz", "====", "é", sign(BODY, SecretStr("other"))])
def test_any_other_signature_is_refused(signature: str | None) -> None:
    assert not verify_hmac(BODY, signature, SECRET)


def test_one_changed_byte_is_refused() -> None:
    assert not verify_hmac(b'{"id":1}', sign(BODY, SECRET), SECRET)


def test_the_prefix_must_be_there() -> None:
    signature = sign(BODY, SECRET, encoding="hex")
    assert verify_hmac(BODY, "sha256=" + signature, SECRET, encoding="hex", prefix="sha256=")
    assert not verify_hmac(BODY, signature, SECRET, encoding="hex", prefix="sha256=")


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (299, True), (301, False), (-301, False)])
def test_an_old_signature_is_refused(age: int, fresh: bool) -> None:
    stamp = str(int((NOW - timedelta(seconds=age)).timestamp()))
    signature = sign(f"{stamp}.".encode() + BODY, SECRET, encoding="hex")
    assert verify_timestamped(BODY, signature, stamp, SECRET, now=NOW) is fresh


def test_milliseconds_and_other_layouts() -> None:
    stamp = str(int(NOW.timestamp() * 1000))
    signature = sign(f"v0:{stamp}:".encode() + BODY, SECRET, encoding="hex")
    assert verify_timestamped(BODY, signature, stamp, SECRET, now=NOW, layout="v0:{timestamp}:{body}")


@pytest.mark.parametrize("stamp", [None, "", "now", "1e9", "١٢٣"])
def test_a_senseless_time_is_refused(stamp: str | None) -> None:
    assert not verify_timestamped(BODY, sign(BODY, SECRET, encoding="hex"), stamp, SECRET, now=NOW)


def test_a_plain_token_is_compared() -> None:
    assert verify_token("hush", SECRET)
    assert not verify_token("other", SECRET)
    assert not verify_token(None, SECRET)
