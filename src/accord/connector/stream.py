"""Connector and Stream: one vendor's plugin, and its nouns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from accord.connector import answers
from accord.connector.declared import Atomicity, Creates, CursorField, Deletes, Operations, Origin
from accord.connector.settings import Context, Settings
from accord.consent.guard import by_deleting, guarded
from accord.errors import PluginError
from accord.mapping import paths
from accord.mapping.instants import parse_instant
from accord.mapping.mapping import Mapping as FieldMapping
from accord.model.record import Account, PrivacyRequest, Row, Verb

if TYPE_CHECKING:
    from accord.http import Http, RateLimit
    from accord.model import Canonical

S = TypeVar("S", bound=Settings)


class Stream:
    """One noun of a vendor. Class attributes declare it; see the module for its operations.

    Attributes:
        name: The vendor's plural noun, as configuration and logs show it.
        model: The canonical model its records are mapped onto.
        mapping: The two-way field mapping.
        subject: Whose personal data a record holds: ``"self"`` (the record is the person), the name of
            the canonical reference field that leads to the person, or None. It has no default: a
            stream of personal data cannot be written by forgetting.
        origin: Whose customers they are. No default.
        deletes: How deletions are seen. No default.
        key: Path of the external id in a row.
        cursor: The field that says when a row changed; None = every read is a full read.
        deleted: Path of the flag that marks a deleted row (``Deletes.FLAG``).
        etag: Path of the version for conditional writes; None = the vendor has none.
        reference: Path of the property in which our hub id is stamped; None = no room for it.
        merged: Path of the list of ids that the vendor merged into this row, and that are gone with it.
        creates: How creates are made safe; None = the stream creates nothing.
        find_by: The canonical fields (and ``hub_id``) that ``find`` understands, best first.
        upsert_by: The canonical field that ``upsert`` matches on (class B): a record without it is
            refused as a dead letter.
        atomicity: What one bad item does to its batch.
        t_max: Seconds within which a request takes effect or never does (V1).
        l_max: Seconds within which a committed record is visible to list and find (V2).
        read_back: Whether outcomes show the record as the vendor now holds it.
        full_read_is_complete: Whether a read without ``since`` lists every live record, so that absence
            may mean deletion.
        allows: Per purpose the canonical fields this destination may get (data minimisation); what is
            not listed is dropped before mapping. A purpose that is not named gets every mapped field,
            unless ``allows`` names it with an empty set.
        confirms: Whether ``subscribe`` only asks the person to confirm, so that their click decides.
        mails_unless_refused: Whether the vendor mails whoever it holds unless it holds a refusal of theirs:
            ``subscribe`` is then asked only of somebody it holds a refusal of.
        consent_per_request: Whether the vendor takes one consent for all records of a request: batches then
            hold records of the same lawful basis only.
        consent_channels: The channels that the consent operations serve, such as ``{"email"}`` or
            ``{"ad_platform:meta"}``.
    """

    name: ClassVar[str]
    model: ClassVar[type[Canonical]]
    mapping: FieldMapping
    subject: ClassVar[str | None]
    origin: ClassVar[Origin]
    deletes: ClassVar[Deletes]

    key: str = "id"
    cursor: CursorField | None = None
    deleted: ClassVar[str | None] = None
    etag: ClassVar[str | None] = None
    reference: ClassVar[str | None] = None
    merged: ClassVar[str | None] = None
    creates: Creates | None = None
    find_by: Sequence[str] = ()
    upsert_by: str | None = None
    atomicity: ClassVar[Atomicity] = Atomicity.PER_ITEM
    t_max: float = 60.0
    l_max: float = 60.0
    read_back: ClassVar[bool] = False
    full_read_is_complete: ClassVar[bool] = True
    allows: Mapping[str, frozenset[str]] = MappingProxyType({})
    consent_channels: frozenset[str] = frozenset()
    confirms: ClassVar[bool] = False
    mails_unless_refused: ClassVar[bool] = False
    consent_per_request: ClassVar[bool] = False

    def __init__(self, connector: Connector[Any], mapping: FieldMapping | None = None) -> None:
        self.connector = connector
        own = mapping if mapping is not None else self.mapping
        self.mapping = own.bound(connector=connector.name, stream=self.name, model=self.model)
        settings = connector.settings_value
        self.t_max = settings.t_max if settings.t_max is not None else type(self).t_max
        self.l_max = settings.l_max if settings.l_max is not None else type(self).l_max

    @property
    def http(self) -> Http:
        """The connection's HTTP client."""
        return self.connector.http

    @cached_property
    def operations(self) -> Operations:
        """What this stream can do."""
        found = {
            "read": self._checked("read", answers.pages),
            "get": self._checked("get", answers.records),
            "find": self._checked("find", answers.found),
            **{name: self._writes(name) for name in ("create", "update", "delete")},
            **{verb.value: self._guarded(verb) for verb in Verb},
        }
        sizes = {name: int(getattr(call, "size", 1)) for name, call in found.items() if call is not None}
        return Operations(**found, sizes=sizes)

    def _checked(self, name: str, shape: Callable[..., Any]) -> Any:
        """An operation whose answers are checked, None if the stream has none."""
        call = getattr(self, name, None)
        return None if call is None else shape(self, call)

    def _writes(self, name: str) -> Any:
        if name in ("create", "update") and getattr(self, name, None) is None:
            name = "upsert"
        return self._checked(name, lambda stream, call: answers.outcomes(stream, name, call))

    def _guarded(self, verb: Verb) -> Any:
        """A consent operation behind its guard, None if the stream has none."""
        call, delete = self._writes(verb.value), self._writes("delete")
        if call is None and verb is Verb.ERASE and delete is not None and self.subject == "self":
            call = by_deleting(delete)
        return None if call is None else guarded(verb, call, self.consent_channels)

    def external_id(self, row: Row) -> str:
        """The vendor's key of a row, as text.

        Raises:
            KeyError: the row has none.
        """
        value = _at(row, self.key)
        if value is None or value == "":
            raise KeyError(self.key)
        return str(value)

    def updated_at(self, row: Row) -> datetime | None:
        """When the row last changed, by the vendor's clock; None = not told."""
        if self.cursor is None:
            return None
        value = _at(row, self.cursor.path)
        return None if value is None or value == "" else parse_instant(value)

    def is_deleted(self, row: Row) -> bool:
        """Whether the row is a tombstone."""
        return self.deleted is not None and _at(row, self.deleted) not in (None, False, "", 0, "false")

    def version(self, row: Row) -> str | None:
        """The version for conditional writes, None if the vendor has none."""
        value = None if self.etag is None else _at(row, self.etag)
        return None if value is None else str(value)

    def hub_reference(self, row: Row) -> str | None:
        """Our hub id as stamped on the row by an earlier write, if any."""
        value = None if self.reference is None else _at(row, self.reference)
        return str(value) if value else None

    def identifiers(self, row: Row) -> Mapping[str, str]:  # noqa: ARG002  for overriding
        """Under which identifiers a row leaves, recorded in the send ledger before it is sent.

        Ad platforms cannot be read back: a later removal replays exactly these. A stream that hashes
        returns the hashes and the normaliser's version, such as ``{"em": "<sha256>", "normaliser":
        "meta/em/1"}``; {} says that the external id is enough.
        """
        return {}

    def merged_ids(self, row: Row) -> Sequence[str]:
        """External ids that the vendor merged into this row (a list, or text split at ``;``)."""
        value = None if self.merged is None else _at(row, self.merged)
        if not value:
            return ()
        parts = value.split(";") if isinstance(value, str) else value
        return [str(part) for part in parts if str(part)]

    def stamp(self, row: Row, hub_id: str) -> Row:
        """The row of a create with our reference in it, where the vendor has room for one."""
        if self.reference is not None:
            paths.put(row, paths.parse(self.reference), hub_id)
        return row


class Connector(Generic[S]):
    """One vendor's plugin. Class attributes declare it; ``connect`` builds its HTTP client.

    Attributes:
        name: What ``connector = "..."`` in accord.toml says.
        title: The vendor's name for people.
        settings: The class of the connection's settings.
        streams: The streams it offers.
        limits: The rate limits the vendor publishes.
        api_version: The vendor API version it speaks, and when the vendor retires it, if known.
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""
    settings: ClassVar[type[Settings]] = Settings
    streams: ClassVar[Sequence[type[Stream]]] = ()
    limits: Sequence[RateLimit] = ()
    api_version: ClassVar[str] = ""
    documentation: ClassVar[str] = ""

    def __init__(self, settings: S, context: Context) -> None:
        self.settings_value: S = settings
        self.context = context
        if settings.rate != 1:
            self.limits = tuple(limit.times(settings.rate) for limit in type(self).limits)

    def connect(self) -> Http:
        """Build the HTTP client: address, authentication, limits.

        Raises:
            PluginError: this connector does not speak HTTP and was asked to.
        """
        raise PluginError(
            f"Connector {self.name!r} has no HTTP client",
            hint="The connector must define connect(), or its streams must not use self.http.",
        )

    @cached_property
    def http(self) -> Http:
        """The one HTTP client of this connection."""
        return self.connect()

    def check(self) -> Account:
        """Prove that the credentials work and say whose account it is.

        Raises:
            AccessError: the credentials or scopes are refused.
        """
        raise PluginError(
            f"Connector {self.name!r} cannot check its connection", hint="Define check() in the connector."
        )

    def ready(self, operation: object) -> None:
        """Wait until the rate budget grants one call of an operation.

        The engine asks before it marks a write as sent, so that no waiting comes between mark and socket.
        """
        http = self.__dict__.get("http")
        if http is not None:
            limit_class, cost = getattr(operation, "limit_class", "default"), getattr(operation, "cost", 1.0)
            http.ready(limit_class=limit_class, cost=cost)

    def begin_within(self, seconds: float) -> None:
        """The next write of this thread begins within so many seconds, or not at all.

        What it rests on, permissions among it, was asked a moment ago and holds for so long.
        """
        http = self.__dict__.get("http")
        if http is not None:
            http.begin_within(seconds)

    def privacy_request(self, body: bytes, headers: Mapping[str, str]) -> PrivacyRequest:  # noqa: ARG002
        """Verify and understand a privacy webhook; a connector whose vendor sends any defines it.

        It must verify the signature over the raw bytes before it reads them, and needs no network.

        Args:
            body: The raw body, byte for byte.
            headers: The request's headers, in any case.

        Raises:
            AccessError: it is not from this connection's account, or there is no secret to verify it with.
            AnswerShapeError: it is signed, but not as documented: a person must look at the vendor.
            PluginError: this connector takes no privacy webhooks.
        """
        raise PluginError(
            f"connector {self.name!r} takes no privacy webhooks",
            hint="Carry the request out with `accord erase` or `accord export`.",
        )

    @classmethod
    def takes_privacy_requests(cls) -> bool:
        """Whether it defines :meth:`privacy_request`."""
        return cls.privacy_request is not Connector.privacy_request

    def open_streams(self) -> Sequence[Stream]:
        """The streams of this connection; a connector whose streams come from settings overrides it."""
        return [stream(self) for stream in self.streams]

    def close(self) -> None:
        """Release what the connection holds (sockets, files)."""
        http = self.__dict__.get("http")
        if http is not None:
            http.close()


def overlap_of(stream: Stream) -> timedelta:
    """How far an incremental read of this stream goes back."""
    return timedelta(seconds=stream.cursor.overlap if stream.cursor else 0)


def _at(row: Row, path: str) -> Any:
    """The value at a dotted path, None when it or its parents are missing."""
    if "." not in path and "[" not in path:
        return row.get(path)
    return paths.get(row, paths.parse(path), None)
