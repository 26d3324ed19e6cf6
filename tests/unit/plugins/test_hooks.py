"""What plugins say, and what becomes of it when they fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import typer

from accord.errors import PluginError, SecretMissingError, StateError
from accord.hookspecs import HookRecord, hookimpl
from accord.plugins import Plugins
from accord.store.rows import DeadLetter
from tests.unit.plugins.samples import ClaimStub, Contacts, FlowStub, MemberStub, RunStub, Seen, StampStub

FLOW = FlowStub()
MEMBER = MemberStub(Contacts.__new__(Contacts))


def plugin(hook: str, function: Callable[..., Any], name: str = "Plugin") -> Any:
    """An object that implements one hook."""
    return type(name, (), {hook: staticmethod(hookimpl(function))})()


def boom(document: Any = None) -> None:
    raise ValueError("secret words")


def leave() -> None:
    raise SystemExit(0)


def say() -> None:
    raise StateError("secret words")


def test_without_plugins_nothing_is_asked() -> None:
    plugins = Plugins()
    assert plugins.matcher(FLOW, MEMBER) is None
    assert plugins.transformer(FLOW, MEMBER) is None
    assert plugins.arbiter(FLOW, MEMBER) is None
    assert plugins.gate(FLOW, MEMBER) is None
    plugins.run_started(RunStub())


def test_the_first_match_with_an_opinion_wins() -> None:
    silent = plugin("accord_match", lambda question: None, "Silent")
    opinion = plugin("accord_match", lambda question, candidates: candidates[1].id, "Opinion")
    match = Plugins([opinion, silent]).matcher(FLOW, MEMBER)
    assert match is not None
    assert match(Seen(cells={"email": "ann@example.com"}), [Seen("e1"), Seen("e2")]) == "e2"


def test_a_match_outside_the_candidates_is_a_failure() -> None:
    plugins = Plugins([plugin("accord_match", lambda: "somebody")])
    match = plugins.matcher(FLOW, MEMBER)
    assert match is not None
    assert match(Seen(), [Seen("e1")]) is None
    assert plugins.failures[0].facts["hook"] == "accord_match"


def test_a_match_that_raises_is_no_opinion() -> None:
    plugins = Plugins([plugin("accord_match", boom)])
    match = plugins.matcher(FLOW, MEMBER)
    assert match is not None
    assert match(Seen(), [Seen("e1")]) is None
    assert plugins.matcher(FLOW, MEMBER) is None
    assert "secret words" not in str(plugins.failures[0])


def test_transformations_follow_each_other() -> None:
    first = plugin("accord_transform", lambda document: {**document, "given_name": "A"}, "First")
    second = plugin(
        "accord_transform", lambda document: {**document, "family_name": document["given_name"]}, "Second"
    )
    transform = Plugins([second, first]).transformer(FLOW, MEMBER)
    assert transform is not None
    assert transform({"email": "ann@example.com"}) == {
        "email": "ann@example.com",
        "given_name": "A",
        "family_name": "A",
    }


def test_a_transformation_cannot_change_the_hub() -> None:
    def spoil(document: Any) -> None:
        document["custom"]["size"] = 0

    transform = Plugins([plugin("accord_transform", spoil)]).transformer(FLOW, MEMBER)
    document = {"custom": {"size": 42}}
    assert transform is not None
    transform(document)
    assert document == {"custom": {"size": 42}}


def test_one_refusal_refuses() -> None:
    def refuse(batch: list[HookRecord], purpose: str) -> dict[str, str]:
        return {record.id: purpose for record in batch if record.document.get("company")}

    gate = Plugins([plugin("accord_gate", refuse, "One"), plugin("accord_gate", lambda: None, "Other")]).gate(
        FLOW, MEMBER
    )
    assert gate is not None
    assert gate([Seen("e1", cells={"company": "X"}), Seen("e2")]) == {"e1": "marketing.direct"}


WRONG: dict[str, Callable[..., Any]] = {
    "text": lambda: "no",
    "a list": lambda: ["e1"],
    "somebody else": lambda: {"e3": "no"},
    "no reason": lambda: {"e1": None},
    "an empty reason": lambda: {"e1": ""},
    "a record for a reason": lambda batch: {"e1": batch[0].document},
}


@pytest.mark.parametrize("answer", [boom, leave, say, *WRONG.values()])
def test_a_gate_that_fails_lets_nothing_through_and_is_named(answer: Callable[..., Any]) -> None:
    gate = Plugins([plugin("accord_gate", answer)]).gate(FLOW, MEMBER)
    assert gate is not None
    for _ in range(2):
        with pytest.raises(PluginError, match="plugin Plugin in accord_gate") as caught:
            gate([Seen("e1", cells={"given_name": "secret words"}), Seen("e2")])
        assert "secret words" not in str(caught.value)


@pytest.mark.parametrize("answer", [boom, leave, say])
def test_no_transformation_speaks_in_its_own_words(answer: Callable[..., Any]) -> None:
    transform = Plugins([plugin("accord_transform", answer)]).transformer(FLOW, MEMBER)
    assert transform is not None
    with pytest.raises(PluginError, match="plugin Plugin in accord_transform") as caught:
        transform({})
    assert "secret words" not in str(caught.value)


ODD: dict[str, Any] = {
    "a number for an address": {"email": 7},
    "no number": {"email": float("nan")},
    "an object": {"given_name": object()},
    "half a character": {"given_name": "\ud800", "email": "nobody"},
    "an unknown field": {"nickname": "Nan"},
    "a field that is no text": {7: "Nan"},
}


@pytest.mark.parametrize("odd", ODD)
def test_a_transformation_that_fits_no_schema_is_named_and_stops(odd: str) -> None:
    transform = Plugins([plugin("accord_transform", lambda: ODD[odd])]).transformer(FLOW, MEMBER)
    assert transform is not None
    with pytest.raises(PluginError, match="plugin Plugin in accord_transform: its answer does not fit"):
        transform({})


def test_a_conflict_is_decided_by_the_first_answer() -> None:
    later = plugin(
        "accord_conflict",
        lambda question: "hub" if question.hub_changed_at > question.vendor_changed_at else "vendor",
    )
    arbiter = Plugins([later]).arbiter(FLOW, MEMBER)
    assert arbiter is not None
    hub, vendor = ClaimStub("a", StampStub(2.0)), ClaimStub("b", StampStub(1.0))
    assert arbiter("e1", "given_name", hub, vendor, "latest") == "hub"
    assert arbiter("e1", "given_name", vendor, hub, "latest") == "vendor"


def test_listeners_hear_and_cannot_stop_a_run() -> None:
    heard: list[Any] = []
    listener = plugin("accord_run_finished", lambda run, report: heard.append((run.id, report.state)), "Ear")
    plugins = Plugins([listener, plugin("accord_run_finished", boom, "Bad")])
    plugins.run_finished(RunStub())
    plugins.run_finished(RunStub())
    assert heard == [("r1", "done")] * 2
    assert [failure.facts["plugin"] for failure in plugins.failures] == ["Bad"]


def test_dead_letters_are_told_without_payload() -> None:
    heard: list[Any] = []
    letter = DeadLetter(
        "l1", "read", "customer", "shop", "contacts", "x1", None, "MappingError", "odd", {"a": 1}
    )
    Plugins([plugin("accord_dead_letter", lambda letter: heard.extend([letter]))]).dead_letter(letter)
    assert heard[0].reason == "odd"
    assert not hasattr(heard[0], "payload")


def test_commands_reach_the_command_line() -> None:
    heard: list[Any] = []
    cli = typer.Typer()
    Plugins([plugin("accord_commands", lambda cli: heard.extend([cli]))]).commands(cli)
    assert heard == [cli]


def test_secrets_come_from_the_first_that_knows() -> None:
    vault = plugin("accord_secret", lambda ref: "s3cret" if ref == "vault:crm" else None)
    plugins = Plugins([vault])
    assert plugins.secret("vault:crm") == "s3cret"
    assert plugins.foreign_secrets
    assert not Plugins().foreign_secrets


def test_a_secret_plugin_that_fails_is_named() -> None:
    plugins = Plugins([plugin("accord_secret", boom)])
    with pytest.raises(SecretMissingError, match="Plugin failed"):
        plugins.secret("vault:crm")


def test_a_literal_is_never_repeated() -> None:
    with pytest.raises(SecretMissingError) as caught:
        Plugins().secret("hunter2")
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_a_plugin_can_be_added_later() -> None:
    plugins = Plugins()
    assert not plugins.foreign_secrets
    plugins.register(plugin("accord_secret", lambda ref: "late"), "late")
    assert plugins.secret("vault:crm") == "late"
