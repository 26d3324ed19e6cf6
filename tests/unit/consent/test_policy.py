"""The policy as data: what is lawful for whom, and who answers for it."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from accord.consent.policy import load, parse, shipped
from accord.consent.purposes import PURPOSES, needs_grant
from accord.errors import ConfigError

TEXT = (files("accord.consent") / "policies" / "fr.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("purpose", [*filter(needs_grant, PURPOSES)])
def test_every_purpose_that_needs_a_grant_has_a_rule(purpose: str) -> None:
    assert "consent" in shipped().ruling(purpose, "email", "FR").bases


@pytest.mark.parametrize(
    ("purpose", "bases"),
    [
        ("marketing.direct", {"consent"}),
        ("marketing.direct.similar_products", {"consent", "soft_opt_in"}),
        ("marketing.partners", {"consent"}),
        ("ads.audience_match", {"consent"}),
    ],
)
@pytest.mark.parametrize("country", ["FR", "BE", None])
def test_consumers_are_asked_first(purpose: str, bases: set[str], country: str | None) -> None:
    assert shipped().ruling(purpose, "email", country).bases == bases


def test_business_contacts_are_informed_where_the_country_says_so() -> None:
    by_country = {
        c: shipped().ruling("marketing.direct", "email", c, business=True).bases for c in ("FR", "DE", None)
    }
    assert by_country == {
        "FR": {"consent", "legitimate_interest_b2b"},
        "DE": {"consent"},
        None: {"consent"},
    }


def test_what_no_rule_covers_is_never_lawful() -> None:
    text = TEXT.replace('"analytics.*", ', "")
    assert parse(text, "own").ruling("analytics.audience", "email", "FR").bases == frozenset()


def test_an_overdue_review_names_its_owner() -> None:
    assert shipped().overdue(date(2026, 11, 22)) == []
    (voice,) = shipped().overdue(date(2027, 3, 1))
    assert voice == "rule fr.voice was to be reviewed by 2027-02-28 (data protection officer)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('purposes = ["marketing.partners"]', 'purposes = ["service.support"]'),
        ('purposes = ["marketing.partners"]', 'purposes = ["marketing.nothing"]'),
        ('bases = ["consent", "soft_opt_in"]', 'bases = ["everybody"]'),
        ("tie_minutes = 5 ", "tie_minutes = -5 "),
        ('name = "fr"', 'nme = "fr"'),
        ("[minors]", "[minors"),
    ],
)
def test_a_mistake_in_a_policy_is_an_error_that_names_it(tmp_path: Path, old: str, new: str) -> None:
    assert old in TEXT
    file = tmp_path / "own.toml"
    file.write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"own\.toml"):
        load(file)


def test_a_policy_that_is_not_there_stops_accord(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path / "none.toml")
