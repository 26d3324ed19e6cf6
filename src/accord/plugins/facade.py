"""The typed facade. Where nobody implements a hook it answers None, so that the hot path pays nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from accord.errors import MappingError, PluginError, SecretMissingError, UnknownConnectorError
from accord.hookspecs import ConflictQuestion, MatchQuestion
from accord.model.document import validated
from accord.model.record import Document
from accord.plugins import views
from accord.plugins.offers import Offers
from accord.plugins.roster import Implementation, Roster
from accord.plugins.views import (
    ClaimView,
    EntityView,
    FlowView,
    LetterView,
    MemberView,
    ObservationView,
    RunView,
)

if TYPE_CHECKING:
    import typer

    from accord.connector import Connector

Matcher = Callable[[ObservationView, Sequence[EntityView]], str | None]
Transformer = Callable[[Document], Document]
Gate = Callable[[Sequence[EntityView]], dict[str, str]]
Arbiter = Callable[[str, str, ClaimView, ClaimView, str], Literal["hub", "vendor"] | None]


class Plugins:
    """All plugins. They are imported when the first hook is needed, and connectors when they are used.

    Args:
        extra: Modules or objects with hook implementations; they are asked before all others.
        installed: Whether to load what distributions offer, too.
    """

    def __init__(self, extra: Iterable[object] = (), *, installed: bool = False) -> None:
        self._extra = list(extra)
        self._installed = installed

    @classmethod
    def load(cls, extra: Iterable[object] = ()) -> Self:
        """The plugins of this installation: built in, installed, and these."""
        return cls(extra, installed=True)

    @cached_property
    def _roster(self) -> Roster:
        roster = Roster()
        roster.add_built_in()
        if self._installed:
            roster.add_installed()
        for plugin in self._extra:
            roster.add(plugin)
        roster.check_pending()
        return roster

    def register(self, plugin: object, name: str = "") -> None:
        """Add one more plugin (the store's secrets, when the store is open). It is asked first."""
        self._roster.add(plugin, name)
        self._roster.check_pending()

    def check_pending(self) -> Sequence[PluginError]:
        """Load all plugins and ask for their connectors; what failed, if anything."""
        self.connectors()
        return self.failures

    @property
    def failures(self) -> Sequence[PluginError]:
        """What failed so far. Facts: plugin, distribution, version, hook."""
        return tuple(self._roster.failures)

    # Connectors.

    @cached_property
    def _offers(self) -> Offers:
        return Offers(self._roster)

    def connectors(self) -> Mapping[str, type[Connector[Any]]]:
        """Every sound connector by its name, sorted. All that are installed are loaded for it."""
        offered = self._offered().connectors
        return {name: offered[name] for name in sorted(offered)}

    def _offered(self, name: str | None = None) -> Offers:
        """What is offered once the connectors of this name are loaded, or all."""
        if self._installed:
            self._roster.add_connectors(name)
            self._roster.check_pending()
        self._offers.collect()
        return self._offers

    def connector(self, name: str) -> type[Connector[Any]]:
        """The connector of a name. Others that are installed are not loaded for it.

        Raises:
            PluginError: its plugin is broken, or two plugins offer one of this name.
            UnknownConnectorError: no installed plugin offers it.
        """
        offers = self._offered(name)
        if name in offers.connectors:
            return offers.connectors[name]
        if name in offers.refused:
            raise offers.refused[name]
        for failure in self.failures:
            if failure.facts["plugin"] == name:
                raise failure
        known = list(self.connectors())
        close = get_close_matches(name, known, n=1)
        meant = f"Did you mean {close[0]!r}? " if close else ""
        listed = f"Installed are: {', '.join(known)}." if known else "None is installed."
        raise UnknownConnectorError(
            f"no installed plugin offers a connector named {name!r}",
            hint=f"{meant}{listed} Connectors are packages of their own: install the one that offers it.",
            facts={"connector": name, "close": close},
        )

    # Secrets.

    @property
    def foreign_secrets(self) -> bool:
        """Whether other plugins than Accord's own resolve references, so that other forms may be right."""
        found = self._roster.implementations("accord_secret")
        return any(not each.function.__module__.startswith("accord.secrets.") for each in found)

    def secret(self, ref: str) -> str:
        """The value behind a reference.

        Raises:
            SecretMissingError: nothing is kept there, or no plugin knows such references. What is no
                reference is not shown: it may be a secret.
        """
        broken: list[str] = []
        for each in self._roster.implementations("accord_secret"):
            try:
                value = self._secret(each, ref)
            except PluginError as error:
                self._roster.silence(each, error)
                broken.append(str(each.source))
            else:
                if value is not None:
                    return value
        failed = f" ({', '.join(broken)} failed)" if broken else ""
        raise SecretMissingError(
            f"no plugin knows this form of secret reference{failed}",
            hint="Write env:NAME, keyring:SERVICE/USER or store:NAME.",
        )

    @staticmethod
    def _secret(each: Implementation, ref: str) -> str | None:
        value = each({"ref": ref})
        if value is not None and not isinstance(value, str):
            raise each.failed(f"it answered {type(value).__name__} instead of text")
        return value

    # What plugins have to say about records: None where no plugin says anything.

    def matcher(self, flow: FlowView, member: MemberView) -> Matcher | None:
        """Asks which candidate a record is: a hub id, ``new``, or None for no opinion."""
        if not self._roster.implementations("accord_match"):
            return None
        source = views.target(flow, member)

        def match(seen: ObservationView, candidates: Sequence[EntityView]) -> str | None:
            question = MatchQuestion(source, seen.external_id, views.document(flow, seen.cells))
            given = views.records(flow, candidates)
            return self._first(
                "accord_match", {"new", *(c.id for c in given)}, question=question, candidates=given
            )

        return match

    def arbiter(self, flow: FlowView, member: MemberView) -> Arbiter | None:
        """Asks who wins a conflict: record id, cell, the hub's and the vendor's claim, the flow's policy."""
        if not self._roster.implementations("accord_conflict"):
            return None
        source = views.target(flow, member)

        def arbitrate(
            record: str, cell: str, hub: ClaimView, vendor: ClaimView, policy: str
        ) -> Literal["hub", "vendor"] | None:
            values = hub.value, vendor.value, hub.stamp.time, vendor.stamp.time
            question = ConflictQuestion(source, record, cell, *values, policy)
            answer = self._first("accord_conflict", {"hub", "vendor"}, question=question)
            return cast(Literal["hub", "vendor"] | None, answer)

        return arbitrate

    def _first(self, hook: str, allowed: set[str], **given: Any) -> str | None:
        """The first answer; one that makes no sense counts as a failure of its plugin."""
        for each, answer in self._roster.ask(hook, **given):
            if isinstance(answer, str) and answer in allowed:
                return answer
            self._roster.silence(each, each.failed("its answer is none of those that the hook knows"))
        return None

    def transformer(self, flow: FlowView, member: MemberView) -> Transformer | None:
        """Applies all transformations, one after the other.

        The callable raises PluginError when one fails: what it was to take out must not go out.
        """
        steps = self._roster.implementations("accord_transform")
        if not steps:
            return None
        target = views.target(flow, member)

        def transform(document: Document) -> Document:
            document = views.copied(document)
            for step in steps:
                changed = step.blamed({"document": document, "target": target})
                document = document if changed is None else _fitting(step, flow, changed)
            return document

        return transform

    def gate(self, flow: FlowView, member: MemberView) -> Gate | None:
        """Asks every gate about a batch: record id to reason for each refusal.

        The callable raises PluginError when a gate fails, or when a plugin that may have one could not be
        registered: what it would have refused is not known. Nothing goes, and nothing is forgotten.
        """
        gates, absent = self._roster.implementations("accord_gate"), self._roster.absent
        if not gates and not absent:
            return None
        target = views.target(flow, member)

        def refusals(entities: Sequence[EntityView]) -> dict[str, str]:
            refused: dict[str, str] = {}
            for failure in absent:
                raise failure
            for each in gates:
                batch = views.records(flow, entities)
                given = {"batch": batch, "target": target, "purpose": member.purpose}
                refused = {**_refusals(each, given, {record.id for record in batch}), **refused}
            return refused

        return refusals

    # Listeners: a failure is logged and never fatal.

    def dead_letter(self, letter: LetterView) -> None:
        """Tell of a change that was set aside."""
        self._tell("accord_dead_letter", letter=lambda: views.letter(letter))

    def run_started(self, run: RunView) -> None:
        """Tell that a run began."""
        self._tell("accord_run_started", run=lambda: views.run(run))

    def run_finished(self, run: RunView) -> None:
        """Tell how a run ended."""
        self._tell("accord_run_finished", run=lambda: views.run(run), report=lambda: views.report(run))

    def commands(self, cli: typer.Typer) -> None:
        """Let plugins add their commands."""
        self._tell("accord_commands", cli=lambda: cli)

    def _tell(self, hook: str, **made: Callable[[], Any]) -> None:
        if self._roster.implementations(hook):
            given = {name: make() for name, make in made.items()}
            for _ in self._roster.ask(hook, **given):
                pass


def _fitting(step: Implementation, flow: FlowView, changed: Any) -> Document:
    """A changed document in canonical form, as the schema has it."""
    if not isinstance(changed, dict):
        raise step.failed(f"it answered {type(changed).__name__} instead of a document")
    try:
        return validated(flow.model, changed)
    except MappingError as error:
        raise step.failed(f"its answer does not fit the schema: {error}") from None


def _refusals(each: Implementation, given: dict[str, Any], asked: AbstractSet[str]) -> Mapping[str, str]:
    """A gate's refusals. An id that nobody asked about may be meant for one that was: it is no answer."""
    answer = each.blamed(given)
    if answer is None:
        return {}
    if not isinstance(answer, Mapping) or not answer.keys() <= asked:
        raise each.failed("it must answer with a reason by the id of a record in the batch")
    if not all(isinstance(reason, str) and reason for reason in answer.values()):
        raise each.failed("each reason must be a text")
    return answer
