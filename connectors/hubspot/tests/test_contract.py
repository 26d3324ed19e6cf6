"""HubSpot keeps the contract of every connector."""

from __future__ import annotations

import pytest
from hypothesis.strategies import SearchStrategy

import accord
from accord.mapping import strategies
from accord.testing import ConnectorContract
from accord_hubspot import HubSpot
from accord_hubspot.sandbox import HubSpotSandbox
from accord_hubspot.streams import crm_object


class TestHubSpot(ConnectorContract):
    connector = HubSpot
    sandbox = HubSpotSandbox
    consent_fields = (
        "hs_legal_basis",
        "hs_email_optout",
        "legalBasis",
        "subscriptionId",
        "statusState",
        "write",
        "unsubscribe-all",
        "subscribe",
        "unsubscribe",
    )

    def lawful(self, stream: accord.Stream) -> SearchStrategy[accord.Document]:
        """Amounts of an order mean nothing without its currency."""
        documents = strategies.documents(stream.model, money=("EUR",))
        return (
            documents.map(lambda document: {**document, "currency": "EUR"})
            if stream.name == "orders"
            else documents
        )

    def shrink(self, stream: accord.Stream, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(crm_object, "LIST_SIZE", 4)
