"""The tables: one schema for SQLite and PostgreSQL.

A constraint stands here wherever a bug must not be able to leave a trace in the data. Instants are float
seconds since 1970 UTC, ids are text, nested values are JSON bytes (see :mod:`accord.store.codec`).

SQLite keeps narrow tables without a rowid: one B-tree less to maintain for each row. Secondary indexes
of ``link`` begin with ``entity`` on purpose: an index that shares its leading columns with the primary
key makes PostgreSQL choose it for ``external_id = ANY(...)`` while a table has no statistics yet.
"""

from __future__ import annotations

from accord.store import consent_tables
from accord.store.columns import (
    BIGINT,
    BOOLEAN,
    BYTES,
    DOUBLE,
    INTEGER,
    SHORT,
    TABLES,
    TEXT,
    Index,
    Table,
    may,
    must,
)

__all__ = ["TABLES", "consent_tables"]

SCHEMA_VERSION = "0007"
"""The migration this code is written for. Versions are four digits and rise."""

# As Alembic makes it (its ``version_table``).
version = Table(
    "accord_version",
    ("version_num",),
    must("version_num", SHORT),
    narrow=False,
    constraint="accord_version_pkc",
)

meta = Table(
    "meta",
    ("name",),
    must("name", TEXT),
    must("value", BYTES),
)

counter = Table(
    "counter",
    ("name",),
    must("name", TEXT),
    must("value", BIGINT),
)

entity = Table(
    "entity",
    ("id",),
    must("id", TEXT),
    must("kind", TEXT),
    must("state", TEXT),
    may("merged_into", TEXT),
    must("rev", INTEGER),
    must("created_at", DOUBLE),
    must("body", BYTES),
    Index("entity_kind", ("kind", "state", "id")),
    Index("entity_merged", ("merged_into",), where="merged_into IS NOT NULL"),
    narrow=False,
)

history = Table(
    "history",
    ("entity", "cell", "version"),
    must("entity", TEXT),
    must("cell", TEXT),
    must("version", INTEGER),
    must("body", BYTES),
    must("source", TEXT),
    must("run", TEXT),
    must("at", DOUBLE),
    must("rule", TEXT),
)

LIVE = "state = 'live'"
NOT_LIVE = "state <> 'live'"

link = Table(
    "link",
    ("connection", "stream", "external_id"),
    must("connection", TEXT),
    must("stream", TEXT),
    must("external_id", TEXT),
    must("entity", TEXT),
    must("state", TEXT),
    may("etag", TEXT),
    may("changed_at", DOUBLE),
    may("row_digest", BYTES),
    must("generation", INTEGER),
    must("shadow", BYTES),
    may("created_by_intent", TEXT),
    may("alias_of", TEXT),
    may("written_at", DOUBLE),
    may("written_run", TEXT),
    # Two live links of one hub record in one stream cannot exist.
    Index("link_live", ("entity", "connection", "stream"), unique=True, where=LIVE),
    Index("link_other", ("entity",), where=NOT_LIVE),
)

natural_key = Table(
    "natural_key",
    ("kind", "type", "hmac", "entity"),
    must("kind", TEXT),
    must("type", TEXT),
    must("hmac", BYTES),
    must("entity", TEXT),
    Index("natural_key_entity", ("entity",)),
)

pending_reference = Table(
    "pending_reference",
    ("connection", "stream", "external_id", "entity", "cell"),
    must("connection", TEXT),
    must("stream", TEXT),
    must("external_id", TEXT),
    must("entity", TEXT),
    must("cell", TEXT),
    Index("pending_reference_entity", ("entity",)),
)

stream_state = Table(
    "stream_state",
    ("connection", "stream"),
    must("connection", TEXT),
    must("stream", TEXT),
    must("mapping_version", TEXT),
    may("cursor", DOUBLE),
    may("token", TEXT),
    may("scan_started", DOUBLE),
    may("scan_high", DOUBLE),
    must("full", BOOLEAN),
    must("generation", INTEGER),
    may("read_through_at", DOUBLE),
    may("full_at", DOUBLE),
    must("seq", BIGINT),
    may("baseline", BYTES),
    may("retired_at", DOUBLE),
)

dirty = Table(
    "dirty",
    ("connection", "stream", "entity"),
    must("connection", TEXT),
    must("stream", TEXT),
    must("entity", TEXT),
    must("seq", BIGINT),
    Index("dirty_entity", ("entity",)),
)

lease = Table(
    "lease",
    ("scope",),
    must("scope", TEXT),
    may("holder", TEXT),
    must("fence", BIGINT),
    must("expires_at", DOUBLE),
)

intent = Table(
    "intent",
    ("id",),
    must("id", TEXT),
    must("connection", TEXT),
    must("stream", TEXT),
    must("entity", TEXT),
    must("operation", TEXT),
    must("state", TEXT),
    may("external_id", TEXT),
    may("precondition", TEXT),
    must("key", TEXT),
    must("body", BYTES),
    may("waits_for", TEXT),
    must("created_at", DOUBLE),
    may("sent_at", DOUBLE),
    may("settle_until", DOUBLE),
    must("not_before", DOUBLE),
    must("attempt", INTEGER),
    must("fence", BIGINT),
    must("run", TEXT),
    must("reason", TEXT),
    # Closed intents leave the table: one open intent per hub record and stream.
    Index("intent_open", ("entity", "connection", "stream"), unique=True),
    Index("intent_turn", ("connection", "stream", "state", "created_at", "id")),
    Index("intent_waits", ("waits_for",), where="waits_for IS NOT NULL"),
)

intent_batch = Table(
    "intent_batch",
    ("id",),
    must("id", TEXT),
    must("connection", TEXT),
    must("stream", TEXT),
    must("sent_at", DOUBLE),
    must("settle_until", DOUBLE),
    must("size", INTEGER),
    must("entities", TEXT),
    must("body", BYTES),
    # Its rows are some kilobytes long, and few.
    narrow=False,
)

conflict = Table(
    "conflict",
    ("id",),
    must("id", TEXT),
    must("kind", TEXT),
    must("model", TEXT),
    may("entity", TEXT),
    may("cell", TEXT),
    must("connection", TEXT),
    must("stream", TEXT),
    must("external_id", TEXT),
    must("body", BYTES),
    must("policy", TEXT),
    must("winner", TEXT),
    must("state", TEXT),
    must("resolution", TEXT),
    must("run", TEXT),
    must("created_at", DOUBLE),
    may("resolved_at", DOUBLE),
    Index("conflict_entity", ("entity",)),
    Index("conflict_record", ("external_id",)),
    Index("conflict_state", ("state", "created_at", "id")),
    narrow=False,
)

dead_letter = Table(
    "dead_letter",
    ("id",),
    must("id", TEXT),
    must("direction", TEXT),
    must("model", TEXT),
    must("connection", TEXT),
    must("stream", TEXT),
    may("external_id", TEXT),
    may("entity", TEXT),
    must("error", TEXT),
    must("reason", TEXT),
    may("payload", BYTES),
    must("rev", INTEGER),
    must("attempts", INTEGER),
    must("first_at", DOUBLE),
    must("last_at", DOUBLE),
    must("state", TEXT),
    must("run", TEXT),
    Index("dead_letter_entity", ("entity",)),
    Index("dead_letter_record", ("external_id",)),
    Index("dead_letter_state", ("state", "first_at", "id")),
    narrow=False,
)

run = Table(
    "run",
    ("id",),
    must("id", TEXT),
    must("flow", TEXT),
    must("kind", TEXT),
    must("state", TEXT),
    must("started_at", DOUBLE),
    may("finished_at", DOUBLE),
    must("counters", BYTES),
    must("error", TEXT),
    must("message", TEXT),
    must("trace", TEXT),
    Index("run_recent", ("flow", "started_at")),
    Index("run_started", ("started_at",)),
    narrow=False,
)

run_event = Table(
    "run_event",
    ("run", "seq"),
    must("run", TEXT),
    must("seq", INTEGER),
    must("at", DOUBLE),
    must("kind", TEXT),
    must("facts", BYTES),
)

flow_state = Table(
    "flow_state",
    ("flow",),
    must("flow", TEXT),
    may("approved_at", DOUBLE),
    may("last_finished_at", DOUBLE),
    may("next_due_at", DOUBLE),
    may("waiting_plan", BYTES),
)

apart = Table(
    "apart",
    ("a", "b"),
    must("a", TEXT),
    must("b", TEXT),
    Index("apart_b", ("b",)),
)

merge_log = Table(
    "merge_log",
    ("survivor", "loser", "at"),
    must("survivor", TEXT),
    must("loser", TEXT),
    must("at", DOUBLE),
    must("actor", TEXT),
    may("snapshot", BYTES),
    must("moved", BYTES),
    Index("merge_log_loser", ("loser",)),
    narrow=False,
)

tombstone = Table(
    "tombstone",
    ("hmac",),
    must("hmac", BYTES),
    must("request", TEXT),
    must("at", DOUBLE),
)

account = Table(
    "account",
    ("connection",),
    must("connection", TEXT),
    must("fingerprint", TEXT),
    must("title", TEXT),
    must("at", DOUBLE),
)

token = Table(
    "token",
    ("connection",),
    must("connection", TEXT),
    must("value", BYTES),
)

secret = Table(
    "secret",
    ("name",),
    must("name", TEXT),
    must("value", BYTES),
)

bucket = Table(
    "bucket",
    ("scope",),
    must("scope", TEXT),
    must("tokens", DOUBLE),
    may("size", DOUBLE),
    must("refilled_at", DOUBLE),
    must("blocked_until", DOUBLE),
)
