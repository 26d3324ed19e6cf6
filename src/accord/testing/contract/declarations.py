"""What a connector declares, and what it keeps to itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

import pytest

from accord.errors import AccessError, AccordError
from accord.mapping.laws import check_laws
from accord.plugins.offers import problems_of, stream_problems
from accord.sandbox import FaultProfile
from accord.testing.clerk import Clerk
from accord.testing.contract.needs import needs
from accord.testing.contract.setting import Setting
from accord.testing.stand import CANARY, Stand, secret_names

if TYPE_CHECKING:
    from accord.connector import Connector

TELLING = ("token", "secret", "password", "api_key", "apikey", "private_key")
"""A setting with one of these words in its name is taken for a secret."""


class Declarations(Setting):
    """Declared capabilities, mappings, credentials, secrets."""

    def test_declared_capabilities_are_sound(self, stand: Stand) -> None:
        """Nothing that the engine relies on is missing or contradicts itself."""
        problems = list(problems_of(self.connector))
        for stream in stand.connect().open_streams():
            # Opened: what a configured stream declares is known only now.
            said = stream_problems(cast(Any, stream))
            problems += [f"{stream.name}: {problem}" for problem in said]
            # How many rows a page has may be left to the vendor: a size of 0.
            sizes = {name: size for name, size in stream.operations.sizes.items() if name != "read"}
            problems += [f"{stream.name}: {name} takes no items" for name in sizes if sizes[name] < 1]
        assert problems == []

    def test_opening_a_connection_sends_nothing(self, stand: Stand) -> None:
        """Configuration is checked before any I/O."""
        stand.connect().open_streams()
        assert stand.recorder is None or stand.recorder.exchanges == []

    def test_secret_settings_have_secret_types(self) -> None:
        """A secret that is typed as text ends up in a log one day."""
        fields = self.connector.settings.model_fields
        secret = set(secret_names(self.connector.settings))
        plain = [n for n in fields if n not in secret and any(word in n.lower() for word in TELLING)]
        assert plain == [], "type these settings as pydantic.SecretStr"

    @needs()
    def test_the_mapping_obeys_its_laws(self, clerk: Clerk) -> None:
        """For invented documents, and for the records the vendor shows."""
        stream = clerk.stream
        rows = [row for row in clerk.rows() if not stream.is_deleted(row)] if clerk.can.read else []
        check_laws(stream.mapping, stream.model, rows)
        check_laws(stream.mapping, stream.model, documents=self.lawful(stream), examples=25)

    def test_check_names_the_account_for_good(self, stand: Stand) -> None:
        """Two connections of one account have the same fingerprint, and it has one."""
        first, second = stand.connect().check(), stand.connect().check()
        assert first.fingerprint
        assert first.fingerprint == second.fingerprint

    def test_wrong_credentials_are_an_access_error(self, stand: Stand) -> None:
        """A person must act, so the engine must be able to tell."""
        wrong = self.wrong or dict.fromkeys(self.secrets(), f"not-{CANARY}")
        with pytest.raises(AccessError) as caught:
            stand.connect(**wrong).check()
        _harmless(caught.value)

    def test_a_secret_is_never_shown(self, stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
        """Not by the connection, its settings, its client, its log or any error."""
        with caplog.at_level(logging.DEBUG):
            connector = stand.connect()
            connector.check()
            shown = [repr(connector), repr(connector.settings_value), str(connector.settings_value)]
            for fault in ("401", "5xx", "torn", "html", "lost-reply"):
                shown += _troubled(stand, fault)
            shown += [repr(value) for value in vars(connector).values()]
        assert not any(CANARY in text for text in [*shown, caplog.text])


def _troubled(stand: Stand, fault: str) -> list[str]:
    """What the errors say when the vendor is in trouble."""
    if stand.sandbox is None:
        return []
    stand.sandbox.faults = FaultProfile({fault: 1.0})
    connector: Connector[Any] = stand.connect()
    try:
        connector.check()
    except AccordError as error:
        return [str(error), repr(error), error.hint, repr(error.facts)]
    finally:
        stand.sandbox.faults = FaultProfile()
    return []


def _harmless(error: AccordError) -> None:
    for text in (str(error), error.hint, repr(error.facts)):
        assert CANARY not in text
