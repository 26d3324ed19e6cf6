"""The author of a connector is told what is wrong with it, by name; nobody's data is quoted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle, repeat
from typing import Any, cast

import pytest

from accord import Page
from accord.engine import circles
from accord.errors import AccordError, AnswerShapeError, OutcomeUnknownError, RateLimitedError, RetryableError
from accord.model.record import Account, Outcome, Result
from accord.store.rows import IntentState
from tests.integration.engine.town import THREE, Build, Town

SECRET = "eve@example.com"


def problem(town: Town, **faulty: Any) -> str:
    """What a sync says of the crm, where an operation answers like this; the shop goes on."""
    town["shop"].put(mail=SECRET, first="Eve")
    ways: dict[str, Any] = {name: lambda *_, answer=answer: answer for name, answer in faulty.items()}
    town.change("crm", **ways)
    report = town.accord.sync("customers")
    (told,) = report.problems
    assert (told.connection, told.error) == ("crm", "AnswerShapeError")
    assert SECRET not in told.message + told.hint
    return told.message


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (None, "contacts.read of the connector 'memory' answered nothing (None) instead of pages"),
        ([[{"mail": SECRET}]], "answered a value of type list instead of an accord.Page"),
        ([Page(cast(Any, {"mail": SECRET}))], "answered a value of type dict as the rows of a page instead"),
        ([Page(cast(Any, [SECRET]))], "answered a value of type str as a row instead of a dict"),
    ],
)
def test_a_read_that_answers_with_something_else_is_named(town: Town, read: object, said: str) -> None:
    assert said in problem(town, read=read)


@pytest.mark.parametrize(
    ("create", "said"),
    [
        (None, "contacts.create of the connector 'memory' answered nothing (None) instead of a list"),
        ([SECRET], "answered a value of type str for a write instead of an accord.Outcome"),
        ([Outcome(SECRET, Result.DONE)], "an outcome of no write"),
    ],
)
def test_a_write_that_answers_with_something_else_is_named_and_in_doubt(
    town: Town, create: object, said: str
) -> None:
    assert said in problem(town, create=create)
    with town.accord.store.reading() as tx:
        assert tx.intents.count("crm", "contacts")[IntentState.UNKNOWN] == 1


@pytest.mark.parametrize("find", [None, [], [None], [SECRET], [[SECRET]], {"mail": SECRET}])
def test_a_search_that_answers_with_something_else_is_named(town: Town, find: object) -> None:
    town["crm"].fail("create", OutcomeUnknownError("no answer"))
    assert "contacts.find of the connector 'memory' answered" in problem(town, find=find)


def told(tokens: Iterator[str], rows: list[Any]) -> Iterator[Page]:
    return (Page([dict(row) for row in rows], token) for token in tokens)


@pytest.mark.parametrize(
    ("tokens", "rows"),
    [
        (lambda: repeat("a"), [{"id": "c1", "mail": "ann@example.com"}]),
        (lambda: cycle("abcde"), [{"id": "c1", "mail": "ann@example.com"}]),
        (lambda: (str(number) for number in count()), []),
    ],
    ids=["one cursor", "cursors in a circle", "empty pages"],
)
def test_a_read_without_an_end_is_ended_and_the_others_go_on(
    town: Town, monkeypatch: pytest.MonkeyPatch, tokens: Any, rows: list[Any]
) -> None:
    monkeypatch.setattr(circles, "MOST_EMPTY", 20)
    town["shop"].put(mail=SECRET)
    town.change("crm", read=lambda _: told(tokens(), rows))
    report = town.accord.sync("customers")
    (problem,) = report.problems
    assert "crm/contacts: the vendor gave the same page again and again, or empty ones" in problem.message
    assert report.members["shop/contacts"].applied == 1


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -5.0, 0.0, 31_536_000.0])
@pytest.mark.parametrize("raised", [True, False])
def test_an_absurd_wait_keeps_nothing_back_for_ever(town: Town, seconds: float, *, raised: bool) -> None:
    create = town.accord.connections.streams["crm"]["contacts"].operations.create
    if raised:
        town["crm"].fail("create", RateLimitedError("wait", retry_after=seconds))
    else:
        town.change(
            "crm", create=lambda writes: [Outcome(w.id, Result.RETRY, retry_after=seconds) for w in writes]
        )
    town["shop"].put(mail="ann@example.com")
    town.accord.sync("customers", max_seconds=0.5)
    town.change("crm", create=create)
    town.env.forward(3_601.0)
    town.sync()
    assert town["crm"].shown("mail") == [{"mail": "ann@example.com"}]


@pytest.mark.parametrize(
    "value",
    [
        {"first": "\ud800"},
        {"id": "\ud800"},
        {"first": 10**5000},
        {"id": 10**5000},
        {5: "five"},
        {"first": object()},
    ],
    ids=["half a character", "half a character as id", "a huge number", "a huge id", "a key", "an object"],
)
def test_a_row_that_json_cannot_spell_is_set_aside_and_the_others_go_on(
    town: Town, value: dict[Any, Any]
) -> None:
    rows = [{"id": "c1", "mail": SECRET, **value}, {"id": "c2", "mail": "ann@example.com"}]
    town.change("crm", read=lambda _: iter([Page(rows)]))
    report = town.run()
    assert not report.problems
    assert town["shop"].shown("mail") == [{"mail": "ann@example.com"}]
    (letter,) = town.accord.dead_letters()
    assert SECRET not in letter.reason


def broken() -> Account:
    raise ValueError(SECRET)


@pytest.mark.parametrize(
    ("check", "error"), [(lambda: None, "AnswerShapeError"), (broken, "UnexpectedError")]
)
def test_a_faulty_check_stops_the_flow_and_quotes_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch, check: Any, error: str
) -> None:
    town["shop"].put(mail=SECRET)
    monkeypatch.setattr(town.system("crm"), "check", check)
    with pytest.raises(AccordError, match="crm") as told:
        town.accord.sync("customers")
    assert type(told.value).__name__ == error
    assert SECRET not in str(told.value) + told.value.hint
    assert told.value.__cause__ is None
    (account,) = town.accord.check(["crm"])
    assert (account.error, town["crm"].rows) == (error, {})


@pytest.mark.parametrize(
    "error", [AnswerShapeError("a page of markup instead of JSON"), RetryableError("connection refused")]
)
def test_who_cannot_be_asked_whose_account_it_is_stays_untouched_and_stops_nobody_else(
    build: Build, monkeypatch: pytest.MonkeyPatch, error: AccordError
) -> None:
    def check() -> Account:
        raise error

    town = build(names=THREE)
    town["shop"].put(mail=SECRET)
    with monkeypatch.context() as patch:
        patch.setattr(town.system("crm"), "check", check)
        report = town.run()
        assert [(one.connection, one.message) for one in report.problems] == [("crm", str(error))]
        assert (len(town["till"].rows), town["crm"].rows) == (1, {})
        report = town.run()
        assert (report.writes, [one.connection for one in report.problems]) == (0, ["crm"])
    town.sync()
    assert len(town["crm"].rows) == 1
