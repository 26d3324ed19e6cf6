"""The desk with the real command: whatever a person types, the answer is true and says what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.cli_stage import Said, Stage

LEA = "lea@example.com"
STRANGER = "stranger@example.net"
CONFIG = """\
[connections.till]
connector = "files"
root = "till"
[connections.till.streams.customers]
model = "customer"
path = "customers.csv"
key = "card"
[connections.till.streams.customers.fields]
given_name = "first"
email = "mail"
phone = "tel"

[connections.letter]
connector = "files"
root = "letter"
[connections.letter.streams.readers]
model = "customer"
path = "readers.csv"
write = "readers.csv"
key = "id"
[connections.letter.streams.readers.fields]
given_name = "first"
email = "mail"

[flows.customers]
model = "customer"
from = ["till"]
to = ["letter"]
match = ["phone"]
[flows.customers.purpose]
letter = "marketing.direct"
"""
TILL = "card,first,mail,tel\n1,Léa,lea@example.com,+33199000001\n2,Max,lea@example.com,+33199000002\n"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Léa and Max share an address and a household."""
    stage = Stage(tmp_path)
    stage.config.write_text(CONFIG, encoding="utf-8")
    stage.till.write_text(TILL, encoding="utf-8")
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "readers.csv").write_text("id,first,mail\n", encoding="utf-8")
    assert stage.inside("sync", "--approve").code == 0
    return stage


def consent(stage: Stage, *arguments: str) -> Said:
    return stage.inside("consent", *arguments)


def agrees(stage: Stage, *numbers: str) -> None:
    for number in numbers:
        assert consent(stage, "record", number, "--method", "web_form", "--reference", "form 3").code == 0
    assert stage.inside("sync").code == 0


@pytest.mark.parametrize(
    "given", [("--purpose", "nonsense"), ("--channel", "pigeon"), ("--purpose", "service.support")]
)
def test_a_strangers_refusal_of_what_does_not_exist_is_no_refusal(
    stage: Stage, given: tuple[str, str]
) -> None:
    said = consent(stage, "withdraw", STRANGER, *given)
    assert (said.code, "objection list" in said.out) == (2, False)


@pytest.mark.parametrize("text", ["not an address@@", "lea", "12345", "@"])
def test_what_is_no_address_does_not_get_on_the_objection_list(stage: Stage, text: str) -> None:
    assert consent(stage, "withdraw", text).code == 2


def test_an_address_on_the_objection_list_is_not_called_unknown(stage: Stage) -> None:
    consent(stage, "withdraw", STRANGER)
    said = consent(stage, "show", STRANGER)
    assert said.code == 2
    assert "objection list since" in said.err


def test_a_refusal_by_an_address_closes_everybody_who_has_it(stage: Stage) -> None:
    agrees(stage, "+33199000001", "+33199000002")
    said = consent(stage, "withdraw", LEA, "--json").document["consent"]
    assert len(said["also"]) == 1
    for id_ in (said["subject"], *said["also"]):
        shown = consent(stage, "show", id_, "--json").document["consent"]
        assert {one["state"] for one in shown["permissions"]} == {"withdrawn"}


def test_what_was_said_once_is_shown_once(stage: Stage) -> None:
    shown = consent(stage, "withdraw", "+33199000001", "--channel", "email", "--json").document["consent"]
    assert [(one["purpose"], one["channel"]) for one in shown["permissions"]] == [("*", "email")]


def test_a_grant_by_an_address_of_several_people_asks_whose_it_is(stage: Stage) -> None:
    said = consent(stage, "record", LEA, "--method", "web_form", "--reference", "form 3")
    assert (said.code, "hub ids" in said.err) == (2, True)


def test_a_yes_dated_in_the_future_is_flagged_and_counts_from_now(stage: Stage) -> None:
    record = ("record", "+33199000001", "--method", "web_form", "--reference", "form 3", "--at", "2196-01-01")
    assert consent(stage, *record).code == 0
    assert "(dated in the future)" in consent(stage, "history", "+33199000001").out
    assert "2196" not in consent(stage, "show", "+33199000001").out


def test_an_explanation_does_not_say_that_something_withheld_was_sent(stage: Stage) -> None:
    said = consent(stage, "explain", "+33199000001")
    assert "not sent email, given_name" in said.out


def test_an_explanation_of_a_destination_that_does_not_exist_is_none(stage: Stage) -> None:
    said = consent(stage, "explain", "+33199000001", "leter")
    assert (said.code, "no connection is called 'leter'" in said.err) == (2, True)


def test_a_refusal_of_what_was_sent_to_nobody_says_so(stage: Stage) -> None:
    said = consent(stage, "withdraw", "+33199000001")
    assert "No destination to tell: the person was sent to none for what they refuse." in said.out


def test_a_destination_that_cannot_be_told_is_a_persons_task(stage: Stage) -> None:
    agrees(stage, "+33199000001", "+33199000002")
    said = consent(stage, "withdraw", "+33199000001")
    assert "No destination is left that Accord could tell" in said.out
    assert "letter/readers cannot be told by Accord" in said.out
    sends = consent(stage, "show", "+33199000001", "--json").document["consent"]["sends"]
    assert [one["status"] for one in sends] == ["revoke_failed"]
    tasks = stage.inside("conflicts", "list", "--json").document["conflicts"]
    assert {(one["kind"], one["connection"]) for one in tasks} == {("revocation", "letter")}
    assert "no_operation" in {one["policy"] for one in tasks}


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("UPDATE consent_decision SET outcome = 'allow' WHERE seq = 2", 2),
        ("UPDATE consent_decision SET body = x'7b7d' WHERE seq = 3", 3),
        ("DELETE FROM consent_decision WHERE seq = 1", 2),
        ("DELETE FROM consent_decision WHERE seq = 2", 3),
        ("DELETE FROM consent_decision WHERE seq > 2", 3),
        ("DELETE FROM consent_decision", 1),
        (
            """UPDATE consent_decision SET seq = 99 WHERE seq = 2;
            UPDATE consent_decision SET seq = 2 WHERE seq = 3;
            UPDATE consent_decision SET seq = 3 WHERE seq = 99""",
            2,
        ),
    ],
)
def test_an_account_that_was_changed_says_where_also_after_more_was_written(
    stage: Stage, change: str, row: int
) -> None:
    agrees(stage, "+33199000001", "+33199000002")
    assert consent(stage, "audit", "--verify").code == 0
    with closing(sqlite3.connect(stage.root / "accord.db")) as store:
        store.executescript(change)
    said = consent(stage, "audit", "--verify")
    assert (said.code, f"row {row} " in said.out) == (1, True)
    assert consent(stage, "withdraw", "+33199000001").code == 0
    assert consent(stage, "audit", "--verify").code == 1


def test_a_word_that_nobody_knows_is_no_permission_and_keeps_nobody_out(stage: Stage) -> None:
    text = stage.config.read_text(encoding="utf-8")
    words = '{ column = "news", values = { yes = "granted", no = "withdrawn" } }'
    mapped = f'phone = "tel"\n"consents[marketing.direct:email].state" = {words}\n'
    dated = '"consents[marketing.direct:email].at" = { column = "newsat", as = "instant" }\n'
    stage.config.write_text(text.replace('phone = "tel"\n', mapped + dated), encoding="utf-8")
    people = ("1,Ann,yes", "2,Bea,maybe", "3,Cyd,granted", "4,Dee,no", "5,Eve,")
    rows = [f"{who},a{at}@example.com,+3319900010{at},2026-01-01T10:00:00Z" for at, who in enumerate(people)]
    header = "card,first,news,mail,tel,newsat"
    stage.till.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    assert stage.inside("sync", "--full", "--approve").code == 0
    states = {}
    for at, who in enumerate(people):
        shown = consent(stage, "show", f"a{at}@example.com", "--json").document["consent"]["permissions"]
        states[who.split(",")[1]] = [one["state"] for one in shown]
    assert states == {"Ann": ["granted"], "Bea": [], "Cyd": [], "Dee": ["withdrawn"], "Eve": []}


def kept(stage: Stage, name: str, *named: str, text: str = "We pass your address on.") -> Said:
    (stage.root / "text.txt").write_text(text, encoding="utf-8")
    return consent(stage, "notice", name, "--text", "text.txt", *named)


@pytest.mark.parametrize(("partner", "letters"), [("letter", 1), ("somebody", 0), (None, 0)])
def test_a_partner_is_sent_only_whom_a_text_names_it_to(
    stage: Stage, partner: str | None, letters: int
) -> None:
    text = stage.config.read_text(encoding="utf-8")
    stage.config.write_text(text.replace("marketing.direct", "marketing.partners"), encoding="utf-8")
    if partner is not None:
        said = kept(stage, "partners@1", "--purpose", "marketing.partners", "--partner", partner)
        assert (said.code, said.out.strip()) == (0, "Kept: partners@1.")
    stage.till.write_text(
        TILL.replace("lea@example.com,+33199000002", "max@example.com,+33199000002"), "utf-8"
    )
    told = ("--method", "web_form", "--reference", "form 3", "--purpose", "marketing.partners")
    assert consent(stage, "record", "+33199000001", *told, "--notice", "partners@1").code == 0
    stage.inside("sync", "--approve")
    rows = (stage.root / "letter" / "readers.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) - 1 == letters


def test_a_grant_reaches_no_further_than_its_text_also_if_that_is_kept_later(stage: Stage) -> None:
    told = ("--method", "web_form", "--reference", "form 3", "--notice", "loyalty@2")
    consent(stage, "record", "+33199000001", *told)
    kept(stage, "loyalty@2", "--purpose", "profiling")
    shown = consent(stage, "show", "+33199000001", "--json").document["consent"]
    assert [one["state"] for one in shown["permissions"]] == ["unknown"]


def test_a_version_of_a_text_never_changes(stage: Stage) -> None:
    assert kept(stage, "news@1", "--purpose", "marketing.direct").code == 0
    assert kept(stage, "news@1", "--purpose", "marketing.direct").out.strip() == "Known already: news@1."
    assert kept(stage, "news@1", "--purpose", "marketing.direct", text="Something else.").code == 2
    assert kept(stage, "news", "--purpose", "marketing.direct").code == 2
    assert kept(stage, "news@2", "--purpose", "nonsense").code == 2
