"""Values that are no values: each row is set aside with its field and without its value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine.town import Town, build, town

__all__ = ["build", "town"]


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/accord.db"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"mail": "ann at example"}, "email"),
    ({"mail": "ann@example.com\nBcc: all@example.org"}, "email"),
    ({"tel": "call me"}, "phone"),
    ({"born": "31.02.1990"}, "birth_date"),
    ({"born": 19900501}, "birth_date"),
    ({"money": "GOLD"}, "currency"),
    ({"news_at": "yesterday"}, "consents"),
    ({"tags": 700}, "tags"),
    ({"points": "none"}, "contact_points"),
    ({"first": ["Ann"]}, "given_name"),
    ({"first": {"a": {"b": {}}}}, "given_name"),
]


@pytest.mark.parametrize(("row", "field"), WRONG)
def test_a_wrong_value_is_a_dead_letter(town: Town, row: dict[str, Any], field: str) -> None:
    town["shop"].put(**row)
    town["shop"].put(mail="bob@example.com")
    report = town.sync()
    (letter,) = town.accord.dead_letters()
    assert (letter.external_id, letter.error, report.exit_code) == ("s1", "MappingError", 3)
    assert field in letter.reason
    assert all(str(value) not in letter.reason for value in row.values())
    assert town["crm"].shown("mail") == [{"mail": "bob@example.com"}]


def test_a_word_for_a_permission_that_nobody_knows_opens_nothing_and_keeps_nobody_out(town: Town) -> None:
    town["shop"].put(mail="ann@example.com", news="perhaps")
    assert (town.sync().exit_code, town.accord.dead_letters()) == (0, [])
    shown = town.accord.consent.show("ann@example.com").permissions
    assert all(permission.state != "granted" for permission in shown)


def test_a_wrong_edit_leaves_the_last_good_state(town: Town) -> None:
    shop, _ = town.person(first="Ann")
    town["shop"].put(shop, first="Anna", born="soon")
    town.sync()
    assert town["crm"].shown("first") == [{"first": "Ann"}]
    town["shop"].put(shop, born="1990-05-01")
    town.settle()
    assert town.everywhere("first", "born") == [{"first": "Anna", "born": "1990-05-01"}]


def test_nothing_but_text_breaks_nothing(town: Town) -> None:
    odd = "\u202e\x00 Zo\u0065\u0301 \U0001f600" + "'; DROP TABLE entity; --"
    town["shop"].put(mail="ann@example.com", first=odd)
    town["shop"].put(mail="bob@example.com")
    town.run()
    assert "bob@example.com" in [row["mail"] for row in town["crm"].shown("mail")]
