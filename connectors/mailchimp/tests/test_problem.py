"""What is told of Mailchimp's refusals."""

from __future__ import annotations

from typing import Any

import pytest

from accord_mailchimp.problem import TITLES, reason_of


@pytest.mark.parametrize(("title", "reason"), TITLES.items())
def test_a_known_title_is_told_by_its_code(title: str, reason: str) -> None:
    assert reason_of({"title": title, "detail": "ana@example.com"}, 400) == reason


@pytest.mark.parametrize("body", [None, [], {}, {"title": "ana@example.com was refused"}])
def test_a_title_nobody_knows_is_told_by_its_status(body: Any) -> None:
    assert reason_of(body, 400) == "status 400"


def test_only_the_names_of_fields_are_told() -> None:
    fields = ["FNAME", "ana@example.com", "members.item:0", None]
    errors = [*({"field": field, "message": "ana@example.com"} for field in fields), "ana@example.com"]
    assert reason_of({"title": "Invalid Resource", "errors": errors}, 400) == "invalid_resource FNAME"
