"""Plugins' words on records, seen through a whole run."""

from __future__ import annotations

from typing import Any

from accord.hookspecs import hookimpl
from tests.integration.engine.town import Build


class Refuses:
    @hookimpl
    def accord_gate(self, batch: Any, target: Any) -> dict[str, str]:
        staff = [record.id for record in batch if record.document.get("family_name") == "Staff"]
        return dict.fromkeys(staff, "own staff") if target.connection == "crm" else {}


class Breaks:
    broken = True

    @hookimpl
    def accord_gate(self, batch: Any) -> dict[str, str]:
        if self.broken:
            raise RuntimeError("a bug in a plugin")
        return {}


class Hides:
    @hookimpl
    def accord_transform(self, document: Any, target: Any) -> Any:
        hidden = target.connection == "crm" and target.stream == "orders"
        return {**document, "notes": None} if hidden else None


class Shortens:
    @hookimpl
    def accord_transform(self, document: Any, target: Any) -> Any:
        if target.connection != "crm":
            return None
        return document | {"given_name": document["given_name"][:1]} if document.get("given_name") else None


class Chooses:
    def __init__(self, answer: str) -> None:
        self.answer, self.asked = answer, 0

    @hookimpl
    def accord_conflict(self, question: Any) -> str:
        self.asked += 1
        return self.answer

    @hookimpl
    def accord_match(self, question: Any, candidates: Any) -> str | None:
        return next((c.id for c in candidates if c.document["given_name"] == self.answer), None)


class Listens:
    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl
    def accord_run_started(self, run: Any) -> None:
        self.heard.append(f"started {run.flow}")

    @hookimpl
    def accord_run_finished(self, run: Any, report: Any) -> None:
        self.heard.append(f"finished {run.flow} {report.state}")

    @hookimpl
    def accord_dead_letter(self, letter: Any) -> None:
        self.heard.append(f"letter {letter.direction} {letter.reason}")


def test_a_plugins_gate_refuses_one_record(build: Build) -> None:
    town = build(Refuses())
    town["shop"].put(mail="ann@example.com", last="Lee")
    town["shop"].put(mail="bob@example.com", last="Staff")
    report = town.sync()
    assert town["crm"].shown("last") == [{"last": "Lee"}]
    assert report.total.held == {"refused:own staff": 1}


def test_a_broken_gate_lets_nothing_through_and_says_so(build: Build) -> None:
    town = build(Breaks())
    town["shop"].put(mail="ann@example.com")
    report = town.run()
    assert town["crm"].calls == []
    assert "Breaks in accord_gate: it raised RuntimeError" in report.problems[0].message
    assert report.exit_code == 2


def test_what_a_broken_gate_kept_back_goes_once_it_is_mended(build: Build) -> None:
    plugin = Breaks()
    town = build(plugin)
    shop, crm = town["shop"].put(mail="ann@example.com", first="Ann"), town["crm"]
    town.run()
    plugin.broken = False
    town.settle()
    assert crm.shown("first") == [{"first": "Ann"}]
    plugin.broken = True
    town["shop"].put(shop, first="Anna")
    town.run()
    town.run()
    assert crm.shown("first") == [{"first": "Ann"}]
    plugin.broken = False
    town.settle()
    assert crm.shown("first") == [{"first": "Anna"}]


def test_a_transformed_value_is_no_echo(build: Build) -> None:
    town = build(Shortens())
    town["shop"].put(mail="ann@example.com", first="Ann")
    town.settle()
    assert town["crm"].shown("first") == [{"first": "A"}]
    assert town["shop"].shown("first") == [{"first": "Ann"}]


def test_a_transformed_order_keeps_its_customer(build: Build) -> None:
    town = build(Hides())
    person = town["shop"].put(mail="ann@example.com")
    town["shop/orders"].put(number="1001", contact_id=person, note="by the back door")
    town.sync()
    town.sync("orders")
    assert town["crm/orders"].shown("note", "contact_id") == [{"note": None, "contact_id": "c1"}]
    assert town.sync("orders").writes == 0


def test_a_plugin_decides_a_conflict(build: Build) -> None:
    plugin = Chooses("hub")
    town = build(plugin, flow={"conflict": "manual"})
    shop, crm = town.person(first="Ann")
    town["crm"].put(crm, first="Crm")
    town["shop"].put(shop, first="Shop")
    town.settle()
    assert plugin.asked
    assert len(town.everywhere("first")) == 1
    assert town.accord.conflicts() == []


def test_a_plugin_decides_an_ambiguous_match(build: Build) -> None:
    town = build(Chooses("Bob"), flow={"match": ["email", "phone"]})
    for first in ("Ann", "Bob"):
        town["crm"].put(mail=f"{first}@example.com", tel="+33612345678", first=first)
    town.sync()
    town["shop"].put(tel="+33612345678", last="Lee")
    town.sync()
    assert town["crm"].row(first="Bob")["last"] == "Lee"


def test_plugins_hear_of_runs_and_letters(build: Build) -> None:
    plugin = Listens()
    town = build(plugin)
    town["crm"].refuses = lambda row: "no room"
    town["shop"].put(mail="ann@example.com")
    town.sync()
    assert plugin.heard == ["started customers", "letter write no room", "finished customers done"]
