"""Mailchimp keeps the contract of every connector."""

from __future__ import annotations

import pytest

import accord
from accord.testing import ConnectorContract
from accord_mailchimp import Mailchimp
from accord_mailchimp.sandbox import LIST_ID, MailchimpSandbox
from accord_mailchimp.streams.members import Members


class TestMailchimp(ConnectorContract):
    connector = Mailchimp
    sandbox = MailchimpSandbox
    settings = {"list_id": LIST_ID, "server": "us6"}  # noqa: RUF012  as the suite types it
    overlapping = True
    consent_fields = (
        "status",
        "timestamp_signup",
        "timestamp_opt",
        "ip_opt",
        "interests",
        "marketing_permissions",
    )

    def shrink(self, stream: accord.Stream, monkeypatch: pytest.MonkeyPatch) -> None:
        assert isinstance(stream, Members)
        monkeypatch.setattr(type(stream).__dict__["pages"], "size", 14)  # more than the pages' overlap of 10
