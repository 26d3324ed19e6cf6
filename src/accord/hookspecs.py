"""The hooks of Accord, and the objects they are asked with.

A plugin is a module or an object::

    from accord import hookimpl

    @hookimpl
    def accord_gate(batch, target, purpose):
        return {record.id: "never to this list" for record in batch if record.document.get("company")}

An implementation takes any of a hook's arguments, by name. It is found through an entry point of the
group ``accord``; what offers connectors and nothing else through one of ``accord.connectors``. Objects are
frozen; their documents are copies, changing one changes nothing elsewhere.
"""

# mypy: disable-error-code="empty-body"
# (a specification has no body)

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import pluggy

from accord.model.record import Document

if TYPE_CHECKING:
    import typer

    from accord.connector import Connector

PROJECT: Final = "accord"
PREFIX: Final = "accord_"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook of the same name."""


@dataclass(frozen=True, slots=True)
class HookTarget:
    """The stream that a record is about to be written to, or was read from.

    Attributes:
        model: The canonical model's name, as in accord.toml.
        purpose: What the data is used for there; empty where nothing is written.
        channel: The channel a grant must be given for.
    """

    flow: str
    model: str
    connection: str
    stream: str
    purpose: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class HookRecord:
    """A hub record: its id and its canonical document."""

    id: str
    document: Document


@dataclass(frozen=True, slots=True)
class MatchQuestion:
    """A new external record that could be any of several hub records."""

    source: HookTarget
    external_id: str
    document: Document


@dataclass(frozen=True, slots=True)
class ConflictQuestion:
    """The hub and a system changed the same cell since they last agreed.

    Attributes:
        record: The hub record's id.
        cell: Its mergeable unit: ``given_name``, ``addresses.default``.
        hub: The hub's value; None = empty.
        vendor: The system's value; None = empty.
        hub_changed_at: Seconds since 1970.
        vendor_changed_at: Seconds since 1970, the vendor's clock corrected to ours.
        policy: What the flow would do: ``latest``, ``prefer:shop``, ``manual``.
    """

    source: HookTarget
    record: str
    cell: str
    hub: Any
    vendor: Any
    hub_changed_at: float
    vendor_changed_at: float
    policy: str = ""


@dataclass(frozen=True, slots=True)
class LetterNotice:
    """A change that was set aside; without its payload, which may hold personal data.

    Attributes:
        direction: ``read`` (a row could not be absorbed) or ``write`` (a vendor refused it).
        error: The error's class.
        reason: Why, in words safe to log.
    """

    id: str
    direction: str
    model: str
    connection: str
    stream: str
    external_id: str | None
    record: str | None
    error: str
    reason: str
    run: str = ""


@dataclass(frozen=True, slots=True)
class RunNotice:
    """One execution of a flow. ``started_at`` in seconds since 1970."""

    id: str
    flow: str
    kind: str
    started_at: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended.

    Attributes:
        state: The run's final state.
        finished_at: Seconds since 1970, None while it is still open.
        counters: What became of the records, by connection and stream.
        error: The class of the error that ended it, empty if none did.
    """

    state: str
    finished_at: float | None = None
    counters: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@hookspec
def accord_connectors() -> Iterable[type[Connector[Any]]]:
    """Connector classes to offer. Asked once, when the first connector is needed."""


@hookspec(firstresult=True)
def accord_secret(ref: str) -> str | None:
    """The value of a secret reference such as ``vault:crm/token``; the first answer wins.

    Asked whenever a connection is opened. None = this plugin does not know such references. One that
    knows them and finds nothing raises ``SecretMissingError`` and says what to do.
    """


@hookspec(firstresult=True)
def accord_match(question: MatchQuestion, candidates: Sequence[HookRecord]) -> str | None:
    """Which candidate a new record is: the id of one, or ``"new"``; the first answer wins.

    Asked only where the flow's own rules found several. None = no opinion; when nobody has one, a
    person is asked.
    """


@hookspec
def accord_transform(document: Document, target: HookTarget) -> Document | None:
    """Change what a target is given of a record; plugins are applied one after the other.

    Asked for each record that is compared with a written stream, so it must be fast, and always give
    the same for the same document: its result is what the target is expected to hold. It must fit the
    schema; one that does not stops the target. None = unchanged.
    """


@hookspec
def accord_gate(batch: Sequence[HookRecord], target: HookTarget, purpose: str) -> Mapping[str, str] | None:
    """Refuse records: their ids, each with a reason that is safe to log.

    Asked once per batch, before the transaction that sends it. Every plugin is asked and one refusal
    refuses. An exception, or an answer of another shape, stops the writes to this target until it is
    mended. None = no objection.
    """


@hookspec(firstresult=True)
def accord_conflict(question: ConflictQuestion) -> Literal["hub", "vendor"] | None:
    """Who wins a conflict; the first answer wins.

    Asked once for each cell in conflict. None = no opinion; when nobody has one, the flow's policy decides.
    """


@hookspec
def accord_dead_letter(letter: LetterNotice) -> None:
    """Hear of a change that was set aside. Told once per letter and attempt; answers are ignored."""


@hookspec
def accord_run_started(run: RunNotice) -> None:
    """Hear that a run began. Told once per run; answers are ignored."""


@hookspec
def accord_run_finished(run: RunNotice, report: RunReport) -> None:
    """Hear that a run ended, well or not. Told once per run; answers are ignored."""


@hookspec
def accord_commands(cli: typer.Typer) -> None:
    """Add commands to the command line. Told once, when ``accord`` starts; answers are ignored."""
