"""Meta keeps the contract of every connector."""

from __future__ import annotations

from typing import ClassVar

from accord.testing import ConnectorContract
from accord_meta import Meta
from accord_meta.sandbox import AUDIENCE, DATASET, MetaSandbox


class TestMeta(ConnectorContract):
    connector = Meta
    sandbox = MetaSandbox
    settings: ClassVar = {"audience": AUDIENCE, "dataset": DATASET}
    consent_fields = ("opt_out", "usersreplace")
    purpose = "ads.audience_match"
    documents: ClassVar = {
        "purchases": {"email": "ana@example.com", "placed_at": "2026-11-20T10:00:00Z"},
    }
    refused: ClassVar = {
        "members": {"email": None, "phone": None},
        "purchases": {"marketplace": "example"},
    }
