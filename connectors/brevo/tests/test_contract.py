"""Brevo keeps the contract of every connector."""

from __future__ import annotations

import pytest

import accord
from accord.testing import ConnectorContract
from accord_brevo import Brevo
from accord_brevo.sandbox import BrevoSandbox
from accord_brevo.streams.contacts import Contacts


class TestBrevo(ConnectorContract):
    connector = Brevo
    sandbox = BrevoSandbox
    overlapping = True
    consent_fields = (
        "emailBlacklisted",
        "smsBlacklisted",
        "listIds",
        "unlinkListIds",
        "smtpBlacklistSender",
        "doubleOptinConfirmation",
        "blockedContacts",
    )

    def shrink(self, stream: accord.Stream, monkeypatch: pytest.MonkeyPatch) -> None:
        assert isinstance(stream, Contacts)
        monkeypatch.setattr(type(stream).__dict__["pages"], "size", 14)  # more than the pages' overlap of 10
