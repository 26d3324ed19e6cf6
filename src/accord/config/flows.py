"""A flow's table against the connections, the model and the other flows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from accord.config.filters import Filter
from accord.config.members import ConnectionFacts, MemberConfig, members
from accord.config.models import FlowConfig, preferred
from accord.config.problems import Problems, suggestion
from accord.mapping.declared.kinds import kind_of
from accord.mapping.paths import parse_canonical
from accord.model import Canonical
from accord.model.schema import model_named

Place = tuple[str | int, ...]
Taken = dict[tuple[str, str], str]
"""(connection, stream) to the flow that has it."""


@dataclass(frozen=True)
class FlowCheck:
    """Checks one flow.

    Attributes:
        known: The streams of each connection, as far as they are known.
    """

    name: str
    flow: FlowConfig
    known: Mapping[str, ConnectionFacts]
    problems: Problems

    def all(self, taken: Taken) -> None:
        """Run every check and claim the flow's streams."""
        if not self._names:
            self._wrong((), "the flow names no connection; give it both, from or to")
        self._claim(taken)
        self._purposes()
        self._match()
        self._conflicts()
        for table in ("channel", "filter", "guests"):
            self._connections_of(table)
        self._filters()

    def _wrong(self, place: Place, message: str) -> None:
        self.problems.add(("flows", self.name, *place), message)

    @cached_property
    def _names(self) -> list[str]:
        return [*self.flow.both, *self.flow.from_, *self.flow.to]

    @cached_property
    def _connections(self) -> list[str]:
        return list(dict.fromkeys(name.partition(".")[0] for name in self._names))

    @cached_property
    def _members(self) -> list[MemberConfig]:
        return members(self.flow, self.known, self._wrong)

    @cached_property
    def _model(self) -> type[Canonical]:
        return model_named(self.flow.model)

    def _claim(self, taken: Taken) -> None:
        """Each stream belongs to one flow, once, and can do what the flow wants of it."""
        for member in self._members:
            if member.stream is None:
                continue
            key = (member.connection, member.stream)
            stream = ".".join(key)
            owner = taken.setdefault(key, self.name)
            if owner != self.name:
                self._wrong(member.path, f"stream {stream} is in the flow {owner!r} already; one flow has it")
            elif any(
                m is not member and m.path < member.path and (m.connection, m.stream) == key
                for m in self._members
            ):
                self._wrong(member.path, f"stream {stream} is named twice in this flow")
            else:
                self._able(member, stream)

    def _able(self, member: MemberConfig, stream: str) -> None:
        fact = self.known[member.connection].streams.get(member.stream or "")
        if fact is None:
            return
        if member.reads and fact.reads is False:
            self._wrong(member.path, f"stream {stream} cannot be read; name it under 'to'")
        if member.writes and fact.writes is False:
            self._wrong(member.path, f"stream {stream} cannot be written; name it under 'from'")

    @property
    def _written(self) -> list[str]:
        return [*self.flow.both, *self.flow.to]

    def _purposes(self) -> None:
        """Every written connection has a purpose; a flow without one does not start."""
        purpose = self.flow.purpose
        if purpose is None:
            if self._written:
                self._wrong(
                    ("purpose",),
                    "this key is missing: say what the data is used for at "
                    f"{', '.join(dict.fromkeys(self._written))}, such as 'service.transactional'",
                )
            return
        if isinstance(purpose, str):
            return
        for name in dict.fromkeys(self._written):
            if not {name, name.partition(".")[0]} & purpose.keys():
                self._wrong(("purpose",), f"{name} is written and has no purpose")
        self._known_names("purpose", purpose, self._written)

    def _connections_of(self, table: str) -> None:
        value = getattr(self.flow, table)
        if isinstance(value, Mapping):
            self._known_names(table, value, self._written)

    def _known_names(self, table: str, given: Mapping[str, object], names: list[str]) -> None:
        known = dict.fromkeys([*(name.partition(".")[0] for name in names), *names, *self._streams])
        for name in given:
            if name not in known:
                what = f"the flow writes no connection {name!r}, {suggestion(name, known)}"
                self._wrong((table, name), what)

    @property
    def _streams(self) -> list[str]:
        return [f"{member.connection}.{member.stream}" for member in self._members if member.writes]

    def _match(self) -> None:
        for position, key in enumerate(self.flow.match or ()):
            for part in key.split("+"):
                if not self._is_scalar(part):
                    hint = suggestion(part, self._scalars)
                    self._wrong(
                        ("match", position), f"{self.flow.model} has no field {part!r} to match by, {hint}"
                    )

    @cached_property
    def _scalars(self) -> list[str]:
        kinds = {name: kind_of(self._model, (name,)) for name in self._model.model_fields}
        return [name for name, kind in kinds.items() if isinstance(kind, str) and kind != "tags"]

    def _is_scalar(self, name: str) -> bool:
        return name in self._scalars or (name.startswith("custom.") and len(name) > len("custom."))

    def _conflicts(self) -> None:
        self._policy(("conflict",), self.flow.conflict)
        for name, rule in self.flow.fields.items():
            place = ("fields", name)
            if not self._is_cell(name):
                field = name.partition(".")[0]
                hint = suggestion(field, self._model.model_fields)
                self._wrong(place, f"{self.flow.model} has no field {name!r}, {hint}")
            self._policy((*place, "conflict"), rule.conflict or "")
            if rule.owner is not None:
                self._owner((*place, "owner"), rule.owner)

    def _is_cell(self, name: str) -> bool:
        """Whether a rule can be about it: a field, or a member of a keyed field such as addresses.billing."""
        try:
            path = parse_canonical(name)
        except Exception:  # noqa: BLE001  whatever is wrong with a path, it is no field
            return False
        return path[0] in self._model.model_fields and (
            len(path) == 1 or kind_of(self._model, path) is not None
        )

    def _owner(self, place: Place, owner: str) -> None:
        readers = [name.partition(".")[0] for name in (*self.flow.both, *self.flow.from_)]
        if owner not in readers:
            self._wrong(place, f"{owner!r} is not read by this flow, {suggestion(owner, readers)}")

    def _policy(self, place: Place, policy: str) -> None:
        for name in preferred(policy):
            if name not in self._connections:
                hint = suggestion(name, self._connections)
                self._wrong(place, f"{name!r} is no connection of this flow, {hint}")

    def _filters(self) -> None:
        for name, text in self.flow.filter.items():
            try:
                Filter(text, self._model)
            except ValueError as error:
                self._wrong(("filter", name), str(error))
