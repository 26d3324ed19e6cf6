"""What libpq says of a connection that was not made, as far as a server of the tests does not say it."""

from __future__ import annotations

import psycopg
import pytest

from accord.store.faults import explain

AT = 'connection failed: connection to server at "192.0.2.7", port 5432 failed: '


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('FATAL:  database "shop" does not exist', "does not exist"),
        ("FATAL:  sorry, too many clients already", "has no capacity left"),
        ("FATAL:  the database system is starting up", "takes no connections now"),
        (
            "server does not support SSL, but it was required",
            "does not agree with this machine on encryption",
        ),
        ("SSL error: certificate verify failed", "does not agree with this machine on encryption"),
        ("FATAL:  authentification par mot de passe échouée", "refuses the connection"),
        ("Connection refused\n\tIs the server running on that host?", "cannot be reached"),
        ("received invalid response to SSL negotiation: H", "cannot be reached"),
    ],
)
def test_a_connection_that_was_not_made_is_explained(said: str, told: str) -> None:
    error = explain(psycopg.OperationalError(AT + said), "postgresql+psycopg://ann@db.example.com/shop")
    assert str(error) == f"the store postgresql+psycopg://ann@db.example.com/shop {told}"
    assert error.hint


def test_a_name_that_leads_nowhere_is_out_of_reach() -> None:
    error = explain(psycopg.OperationalError("failed to resolve host 'db.invalid': [Errno -2]"), "x")
    assert str(error) == "the store x cannot be reached"
