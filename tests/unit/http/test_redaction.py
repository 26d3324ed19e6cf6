"""What may be shown of a request."""

from __future__ import annotations

import pytest

from accord.http import redaction


def test_only_harmless_headers_are_shown() -> None:
    shown = redaction.headers({"Authorization": "Bearer t", "X-Own-Key": "k", "Content-Type": "text/plain"})
    assert shown == {"Authorization": "***", "X-Own-Key": "***", "Content-Type": "text/plain"}


def test_query_values_are_hidden() -> None:
    assert redaction.query({"email": "jean@example.com"}) == {"email": "***"}


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v3/contacts/42", "/v3/contacts/{}"),
        ("/contacts/jean@example.com", "/contacts/{}"),
        ("/contacts/jean%40example.com/lists", "/contacts/{}/lists"),
        ("/contacts/{key}/tags", "/contacts/{key}/tags"),
        ("/admin/api/2026-01/orders/12.json", "/admin/api/2026-01/orders/{}"),
        ("/v21.0/act_1234/customaudiences", "/v21.0/{}/customaudiences"),
        ("https://api.example.com/v3/contacts?email=jean", "/v3/contacts"),
        ("/+15550100", "/{}"),
    ],
)
def test_ids_in_paths_are_hidden(path: str, shown: str) -> None:
    assert redaction.path_template(path) == shown


@pytest.mark.parametrize("name", ["page_token", "sync_token", "continuation_token", "after"])
def test_positions_are_no_secrets(name: str) -> None:
    assert not redaction.is_secret_parameter(name)


@pytest.mark.parametrize("value", ["jean@example.com", "Jean Dupont", "x" * 61, "", None, True, {}, "a\nb"])
def test_only_identifiers_are_codes(value: object) -> None:
    assert redaction.short_code(value) == ""
