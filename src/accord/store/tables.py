"""The tables: one schema for SQLite and PostgreSQL.

A constraint stands here wherever a bug must not be able to leave a trace in the data. Instants are float
seconds since 1970 UTC, ids are text, nested values are JSON bytes (see :mod:`accord.store.codec`).

SQLite keeps narrow tables without a rowid: one B-tree less to maintain for each row. Secondary indexes
of ``link`` begin with ``entity`` on purpose: an index that shares its leading columns with the primary
key makes PostgreSQL choose it for ``external_id = ANY(...)`` while a table has no statistics yet.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    literal_column,
)

from accord.store import consent_tables
from accord.store.columns import may as _may
from accord.store.columns import metadata
from accord.store.columns import must as _must
from accord.store.columns import table as _table

__all__ = ["consent_tables", "metadata"]

SCHEMA_VERSION = "0005"
"""The migration this code is written for. Versions are four digits and rise."""

# As Alembic makes it (its ``version_table``).
version = Table(
    "accord_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="accord_version_pkc"),
)

meta = _table("meta", ("name",), _must("name", Text), _must("value", LargeBinary))
counter = _table("counter", ("name",), _must("name", Text), _must("value", BigInteger))

entity = _table(
    "entity",
    ("id",),
    _must("id", Text),
    _must("kind", Text),
    _must("state", Text),
    _may("merged_into", Text),
    _must("rev", Integer),
    _must("created_at", Double),
    _must("body", LargeBinary),
    narrow=False,
)
Index("entity_kind", entity.c.kind, entity.c.state, entity.c.id)
Index(
    "entity_merged",
    entity.c.merged_into,
    sqlite_where=literal_column("merged_into IS NOT NULL"),
    postgresql_where=literal_column("merged_into IS NOT NULL"),
)

history = _table(
    "history",
    ("entity", "cell", "version"),
    _must("entity", Text),
    _must("cell", Text),
    _must("version", Integer),
    _must("body", LargeBinary),
    _must("source", Text),
    _must("run", Text),
    _must("at", Double),
    _must("rule", Text),
)

link = _table(
    "link",
    ("connection", "stream", "external_id"),
    _must("connection", Text),
    _must("stream", Text),
    _must("external_id", Text),
    _must("entity", Text),
    _must("state", Text),
    _may("etag", Text),
    _may("changed_at", Double),
    _may("row_digest", LargeBinary),
    _must("generation", Integer),
    _must("shadow", LargeBinary),
    _may("created_by_intent", Text),
    _may("alias_of", Text),
    _may("written_at", Double),
    _may("written_run", Text),
)
LIVE: ColumnElement[bool] = literal_column("state = 'live'")
NOT_LIVE: ColumnElement[bool] = literal_column("state <> 'live'")
# Two live links of one hub record in one stream cannot exist.
Index(
    "link_live",
    link.c.entity,
    link.c.connection,
    link.c.stream,
    unique=True,
    sqlite_where=LIVE,
    postgresql_where=LIVE,
)
Index("link_other", link.c.entity, sqlite_where=NOT_LIVE, postgresql_where=NOT_LIVE)

natural_key = _table(
    "natural_key",
    ("kind", "type", "hmac", "entity"),
    _must("kind", Text),
    _must("type", Text),
    _must("hmac", LargeBinary),
    _must("entity", Text),
)
Index("natural_key_entity", natural_key.c.entity)

pending_reference = _table(
    "pending_reference",
    ("connection", "stream", "external_id", "entity", "cell"),
    _must("connection", Text),
    _must("stream", Text),
    _must("external_id", Text),
    _must("entity", Text),
    _must("cell", Text),
)
Index("pending_reference_entity", pending_reference.c.entity)

stream_state = _table(
    "stream_state",
    ("connection", "stream"),
    _must("connection", Text),
    _must("stream", Text),
    _must("mapping_version", Text),
    _may("cursor", Double),
    _may("token", Text),
    _may("scan_started", Double),
    _may("scan_high", Double),
    _must("full", Boolean),
    _must("generation", Integer),
    _may("read_through_at", Double),
    _may("full_at", Double),
    _must("seq", BigInteger),
    _may("baseline", LargeBinary),
    _may("retired_at", Double),
)

dirty = _table(
    "dirty",
    ("connection", "stream", "entity"),
    _must("connection", Text),
    _must("stream", Text),
    _must("entity", Text),
    _must("seq", BigInteger),
)
Index("dirty_entity", dirty.c.entity)

lease = _table(
    "lease",
    ("scope",),
    _must("scope", Text),
    _may("holder", Text),
    _must("fence", BigInteger),
    _must("expires_at", Double),
)

intent = _table(
    "intent",
    ("id",),
    _must("id", Text),
    _must("connection", Text),
    _must("stream", Text),
    _must("entity", Text),
    _must("operation", Text),
    _must("state", Text),
    _may("external_id", Text),
    _may("precondition", Text),
    _must("key", Text),
    _must("body", LargeBinary),
    _may("waits_for", Text),
    _must("created_at", Double),
    _may("sent_at", Double),
    _may("settle_until", Double),
    _must("not_before", Double),
    _must("attempt", Integer),
    _must("fence", BigInteger),
    _must("run", Text),
    _must("reason", Text),
)
# Closed intents leave the table: one open intent per hub record and stream.
Index("intent_open", intent.c.entity, intent.c.connection, intent.c.stream, unique=True)
Index("intent_turn", intent.c.connection, intent.c.stream, intent.c.state, intent.c.created_at, intent.c.id)
Index(
    "intent_waits",
    intent.c.waits_for,
    sqlite_where=literal_column("waits_for IS NOT NULL"),
    postgresql_where=literal_column("waits_for IS NOT NULL"),
)

conflict = _table(
    "conflict",
    ("id",),
    _must("id", Text),
    _must("kind", Text),
    _must("model", Text),
    _may("entity", Text),
    _may("cell", Text),
    _must("connection", Text),
    _must("stream", Text),
    _must("external_id", Text),
    _must("body", LargeBinary),
    _must("policy", Text),
    _must("winner", Text),
    _must("state", Text),
    _must("resolution", Text),
    _must("run", Text),
    _must("created_at", Double),
    _may("resolved_at", Double),
    narrow=False,
)
Index("conflict_state", conflict.c.state, conflict.c.created_at, conflict.c.id)
Index("conflict_entity", conflict.c.entity)
Index("conflict_record", conflict.c.external_id)

dead_letter = _table(
    "dead_letter",
    ("id",),
    _must("id", Text),
    _must("direction", Text),
    _must("model", Text),
    _must("connection", Text),
    _must("stream", Text),
    _may("external_id", Text),
    _may("entity", Text),
    _must("error", Text),
    _must("reason", Text),
    _may("payload", LargeBinary),
    _must("rev", Integer),
    _must("attempts", Integer),
    _must("first_at", Double),
    _must("last_at", Double),
    _must("state", Text),
    _must("run", Text),
    narrow=False,
)
Index("dead_letter_state", dead_letter.c.state, dead_letter.c.first_at, dead_letter.c.id)
Index("dead_letter_entity", dead_letter.c.entity)
Index("dead_letter_record", dead_letter.c.external_id)

run = _table(
    "run",
    ("id",),
    _must("id", Text),
    _must("flow", Text),
    _must("kind", Text),
    _must("state", Text),
    _must("started_at", Double),
    _may("finished_at", Double),
    _must("counters", LargeBinary),
    _must("error", Text),
    _must("message", Text),
    _must("trace", Text),
    narrow=False,
)
Index("run_recent", run.c.flow, run.c.started_at)
Index("run_started", run.c.started_at)

run_event = _table(
    "run_event",
    ("run", "seq"),
    _must("run", Text),
    _must("seq", Integer),
    _must("at", Double),
    _must("kind", Text),
    _must("facts", LargeBinary),
)

flow_state = _table(
    "flow_state",
    ("flow",),
    _must("flow", Text),
    _may("approved_at", Double),
    _may("last_started_at", Double),
    _may("last_finished_at", Double),
    _may("next_due_at", Double),
    _may("waiting_plan", LargeBinary),
)

apart = _table("apart", ("a", "b"), _must("a", Text), _must("b", Text))
Index("apart_b", apart.c.b)

merge_log = _table(
    "merge_log",
    ("survivor", "loser", "at"),
    _must("survivor", Text),
    _must("loser", Text),
    _must("at", Double),
    _must("actor", Text),
    _may("snapshot", LargeBinary),
    _must("moved", LargeBinary),
    narrow=False,
)
Index("merge_log_loser", merge_log.c.loser)

tombstone = _table(
    "tombstone", ("hmac",), _must("hmac", LargeBinary), _must("request", Text), _must("at", Double)
)

account = _table(
    "account",
    ("connection",),
    _must("connection", Text),
    _must("fingerprint", Text),
    _must("title", Text),
    _must("at", Double),
)

token = _table("token", ("connection",), _must("connection", Text), _must("value", LargeBinary))
secret = _table("secret", ("name",), _must("name", Text), _must("value", LargeBinary))

bucket = _table(
    "bucket",
    ("scope",),
    _must("scope", Text),
    _must("tokens", Double),
    _may("size", Double),
    _must("refilled_at", Double),
    _must("blocked_until", Double),
)
