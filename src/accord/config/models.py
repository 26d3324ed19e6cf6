"""The shape of accord.toml, and the same as Python objects.

Every value is checked here for itself; what depends on several tables or on plugins is checked by
:func:`accord.config.check`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, StrictBool, StrictInt, StrictStr

from accord.config import schedule
from accord.config.problems import suggestion
from accord.consent.purposes import CHANNELS, PURPOSES
from accord.errors import ConfigError
from accord.mapping.declared import DeclaredField
from accord.model.schema import MODELS
from accord.secrets import is_reference

if TYPE_CHECKING:
    from accord.consent.policy import Policy

DEFAULT_STORE = "sqlite:///accord.db"
STORES = ("sqlite:///", "postgresql+psycopg://")
DEFAULT_MATCH: Mapping[str, tuple[str, ...]] = {
    "customer": ("email",),
    "product": ("sku",),
    "inventory_level": ("sku+location",),
    "location": ("code",),
}
"""By what records are matched where a flow does not say. Orders are not: two shops use the same numbers."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s*%", re.ASCII)
# A password may hold a slash; a number and a slash after the colon are a port and a path.
_PASSWORD = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://"
    r"([^/\s@]*:(?!\d{1,5}/)[^\s@]+@|[^\s]*[?&]\w*(password|passwd|pwd|secret|api_?key|access_token)=[^&\s])",
    re.ASCII | re.IGNORECASE,
)


def has_password(text: str) -> bool:
    """Whether a text is an address with a password in it, before its host or among its options."""
    return _PASSWORD.match(text) is not None


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a name has letters, digits, _ and - only, and begins with a letter")
    return name


def _one_of(known: tuple[str, ...], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"there is no {what} {value!r}, {suggestion(value, known)}")
        return value

    return AfterValidator(check)


def _store(value: str) -> str:
    if has_password(value):
        raise ValueError(
            "an address with a password does not belong here; keep the whole address elsewhere and write "
            "env:NAME or keyring:SERVICE/USER, or leave the password to PGPASSFILE"
        )
    if not value.startswith(STORES) and not is_reference(value, ("env", "keyring")):
        raise ValueError("expected sqlite:///PATH, postgresql+psycopg://HOST/DATABASE, env:NAME or keyring:…")
    return value


def _conflict(value: str) -> str:
    if value in {"latest", "manual"} or value.removeprefix("prefer:") not in {value, ""}:
        return value
    raise ValueError("expected latest, manual, or prefer:CONNECTION")


def _schedule(value: str) -> str:
    schedule.parse(value)
    return value


def _deletes(value: Any) -> Any:
    if isinstance(value, str):
        found = _PERCENT.fullmatch(value.strip())
        if found is None or float(found[1]) > 100:  # noqa: PLR2004  per cent
            raise ValueError("expected a number of records, or a percentage such as '5%'")
    elif isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("expected a number of records, or a percentage such as '5%'")
    return value


def _listed(value: Any) -> Any:
    """TOML has lists; the objects are to stay as they are, so they hold tuples."""
    return tuple(value) if isinstance(value, list) else value


Name = Annotated[StrictStr, AfterValidator(_named)]
Names = Annotated[tuple[StrictStr, ...], BeforeValidator(_listed)]
Purpose = Annotated[StrictStr, _one_of(PURPOSES, "purpose")]
Channel = Annotated[StrictStr, _one_of(CHANNELS, "channel")]
Conflict = Annotated[StrictStr, AfterValidator(_conflict)]


class Part(pydantic.BaseModel):
    """The base of all tables."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        hide_input_in_errors=True,
        validate_default=True,
        defer_build=True,
    )


class AccordConfig(Part):
    """The table ``[accord]``.

    Attributes:
        store: ``sqlite:///path`` (relative to the file's folder), ``postgresql+psycopg://…`` without a
            password, or a secret reference that leads to such an address.
    """

    store: Annotated[StrictStr, AfterValidator(_store)] = DEFAULT_STORE


class ConnectionConfig(Part):
    """A table ``[connections.NAME]``: one account of a connector. Other keys are the connector's settings.

    Attributes:
        connector: Which connector.
        mapping: Custom fields of this account: stream, canonical path, vendor path.
        disabled: Streams that are not used.
        canary: By stream, the external id of a record that must be there before the stream is believed.
        brand: The controller whom people here give their permissions to; empty = there is one for all.
    """

    model_config = pydantic.ConfigDict(extra="allow")

    connector: Annotated[StrictStr, Field(min_length=1)]
    mapping: dict[StrictStr, dict[StrictStr, StrictStr | DeclaredField]] = {}
    disabled: Names = ()
    canary: dict[StrictStr, Annotated[StrictStr, Field(min_length=1)]] = {}
    brand: StrictStr = ""

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's own keys, secrets still as references."""
        return dict(self.model_extra or {})

    def __repr__(self) -> str:
        """Without the settings, which may hold secrets when they come from Python."""
        return f"ConnectionConfig(connector={self.connector!r}, settings={sorted(self.settings)})"

    __str__ = __repr__


class ConsentConfig(Part):
    """The table ``[consent]``.

    Attributes:
        policy: A consent policy file of your own, relative to this file's folder; none = the shipped one.
    """

    policy: Annotated[StrictStr, Field(min_length=1)] | None = None


class FieldConfig(Part):
    """The rule of one canonical field.

    Attributes:
        owner: The connection whose value alone counts.
        conflict: As the flow's, for this field.
        on_foreign_edit: What happens to an edit by anybody but the owner.
    """

    owner: StrictStr | None = None
    conflict: Conflict | None = None
    on_foreign_edit: Literal["revert", "accept", "conflict"] = "revert"


class LimitsConfig(Part):
    """A run that would exceed a limit stops with a plan for a person to approve.

    Attributes:
        max_deletes: Share of a stream's records (never fewer than 20), or how many.
        max_creates: Records per connection; none = no limit.
    """

    max_deletes: Annotated[StrictInt | StrictStr, BeforeValidator(_deletes)] = "5%"
    max_creates: Annotated[StrictInt, Field(ge=0)] | None = None

    @property
    def deletes_share(self) -> float:
        """The share of a stream's live records; 0 where a number is set."""
        return float(self.max_deletes.rstrip(" %")) / 100 if isinstance(self.max_deletes, str) else 0.0

    @property
    def deletes_least(self) -> int:
        """This many are always allowed."""
        return 20 if isinstance(self.max_deletes, str) else self.max_deletes


class FlowConfig(Part):
    """A table ``[flows.NAME]``: one canonical model kept in agreement among connections.

    A connection is named alone, or as ``"connection.stream"`` where it has several streams of the model.

    Attributes:
        model: The canonical model.
        both: Read and written; the earlier wins an exact tie.
        from_: Only read (``from``).
        to: Only written.
        purpose: What the data is used for, for all written connections or for each.
        channel: The channel a grant must be given for, for all or for each; by default the one the
            connection serves, else e-mail.
        match: Fields whose equal values may link records.
        conflict: ``latest``, ``prefer:CONNECTION`` or ``manual``.
        delete: What a deletion in one system does to the others.
        schedule: ``every 10m`` or five cron fields.
        fields: Rules of single fields.
        limits: How much one run may do without asking.
        filter: For a written connection: an expression that records must fulfil.
        guests: Whether records go without the person they refer to, for all or for each.
    """

    model: Annotated[StrictStr, _one_of(tuple(MODELS), "model")]
    both: Names = ()
    from_: Annotated[Names, Field(alias="from")] = ()
    to: Names = ()
    purpose: Purpose | dict[StrictStr, Purpose] | None = None
    channel: Channel | dict[StrictStr, Channel] | None = None
    match: Names | None = None
    conflict: Conflict = "latest"
    delete: Literal["detach", "archive", "propagate"] = "detach"
    schedule: Annotated[StrictStr, AfterValidator(_schedule)] | None = None
    fields: dict[StrictStr, FieldConfig] = {}
    limits: LimitsConfig = LimitsConfig()
    filter: dict[StrictStr, StrictStr] = {}
    guests: StrictBool | dict[StrictStr, StrictBool] = True

    @property
    def match_keys(self) -> tuple[str, ...]:
        """The fields to match by, those of the model where the flow names none."""
        return DEFAULT_MATCH.get(self.model, ()) if self.match is None else self.match


class Config(Part):
    """A whole configuration. Make it from Python, or with :func:`accord.config.load`."""

    accord: AccordConfig = AccordConfig()
    consent: ConsentConfig = ConsentConfig()
    connections: dict[Name, ConnectionConfig] = {}
    flows: dict[Name, FlowConfig] = {}

    _file: Path | None = PrivateAttr(default=None)
    _text: str | None = PrivateAttr(default=None)

    @property
    def file(self) -> Path | None:
        """The file it was read from."""
        return self._file

    @property
    def text(self) -> str | None:
        """The file's text as it was read."""
        return self._text

    @property
    def root(self) -> Path:
        """The folder that relative paths start from: the file's, else the present one."""
        return self._file.parent if self._file is not None else Path.cwd()

    def read_from(self, file: Path, text: str) -> Config:
        """The same, knowing its file."""
        self._file, self._text = file, text
        return self

    def consent_policy(self) -> Policy:
        """The consent policy in force.

        Raises:
            ConfigError: the file it is in is missing or wrong.
        """
        from accord.consent.policy import load, shipped

        return shipped() if self.consent.policy is None else load(self.root / self.consent.policy)

    def store_url(self, address: str | None = None) -> str:
        """The store's address, a relative SQLite path made absolute.

        Args:
            address: What the reference in ``accord.store`` leads to, where it is one.

        Raises:
            ConfigError: this is no address of a store; it is not shown.
        """
        url = address or self.accord.store
        if not url.startswith(STORES):
            raise ConfigError(
                f"accord.store: what {self.accord.store} leads to is no address of a store",
                hint="It must be sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE.",
                facts={"key": "accord.store"},
            )
        path = url.removeprefix("sqlite:///")
        if path == url or not path or path.startswith((":memory:", "file:")):
            return url
        name, question, options = path.partition("?")
        return f"sqlite:///{self.root / name}{question}{options}"


def preferred(conflict: str) -> tuple[str, ...]:
    """The connections of ``prefer:shop,crm``, best first; empty for another policy."""
    kind, colon, names = conflict.partition(":")
    return tuple(name.strip() for name in names.split(",")) if kind == "prefer" and colon else ()
