"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    _account()
    _apart()
    _bucket()
    _conflict()
    _counter()
    _dead_letter()
    _dirty()
    _entity()
    _flow_state()
    _history()
    _intent()
    _lease()
    _link()
    _merge_log()
    _meta()
    _natural_key()
    _pending_reference()
    _run()
    _run_event()
    _secret()
    _stream_state()
    _token()
    _tombstone()


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("connection", name="account_pkey"),
        sqlite_with_rowid=False,
    )


def _apart() -> None:
    op.create_table(
        "apart",
        sa.Column("a", sa.Text(), nullable=False),
        sa.Column("b", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", name="apart_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("apart_b", "apart", ["b"])


def _bucket() -> None:
    op.create_table(
        "bucket",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("size", sa.Double(), nullable=True),
        sa.Column("refilled_at", sa.Double(), nullable=False),
        sa.Column("blocked_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="bucket_pkey"),
        sqlite_with_rowid=False,
    )


def _conflict() -> None:
    op.create_table(
        "conflict",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column("cell", sa.Text(), nullable=True),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("winner", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("resolved_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="conflict_pkey"),
    )
    op.create_index("conflict_entity", "conflict", ["entity"])
    op.create_index("conflict_record", "conflict", ["external_id"])
    op.create_index("conflict_state", "conflict", ["state", "created_at", "id"])


def _counter() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="counter_pkey"),
        sqlite_with_rowid=False,
    )


def _dead_letter() -> None:
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="dead_letter_pkey"),
    )
    op.create_index("dead_letter_entity", "dead_letter", ["entity"])
    op.create_index("dead_letter_record", "dead_letter", ["external_id"])
    op.create_index("dead_letter_state", "dead_letter", ["state", "first_at", "id"])


def _dirty() -> None:
    op.create_table(
        "dirty",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "stream", "entity", name="dirty_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("dirty_entity", "dirty", ["entity"])


def _entity() -> None:
    op.create_table(
        "entity",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Text(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="entity_pkey"),
    )
    op.create_index("entity_kind", "entity", ["kind", "state", "id"])
    op.create_index(
        "entity_merged",
        "entity",
        ["merged_into"],
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )


def _flow_state() -> None:
    op.create_table(
        "flow_state",
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.Double(), nullable=True),
        sa.Column("last_started_at", sa.Double(), nullable=True),
        sa.Column("last_finished_at", sa.Double(), nullable=True),
        sa.Column("next_due_at", sa.Double(), nullable=True),
        sa.Column("waiting_plan", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("flow", name="flow_state_pkey"),
        sqlite_with_rowid=False,
    )


def _history() -> None:
    op.create_table(
        "history",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "cell", "version", name="history_pkey"),
        sqlite_with_rowid=False,
    )


def _intent() -> None:
    op.create_table(
        "intent",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("precondition", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=True),
        sa.Column("settle_until", sa.Double(), nullable=True),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="intent_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("intent_open", "intent", ["entity", "connection", "stream"], unique=True)
    op.create_index("intent_turn", "intent", ["connection", "stream", "state", "created_at", "id"])
    op.create_index(
        "intent_waits",
        "intent",
        ["waits_for"],
        sqlite_where=sa.text("waits_for IS NOT NULL"),
        postgresql_where=sa.text("waits_for IS NOT NULL"),
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="lease_pkey"),
        sqlite_with_rowid=False,
    )


def _link() -> None:
    op.create_table(
        "link",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.Double(), nullable=True),
        sa.Column("row_digest", sa.LargeBinary(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("shadow", sa.LargeBinary(), nullable=False),
        sa.Column("created_by_intent", sa.Text(), nullable=True),
        sa.Column("alias_of", sa.Text(), nullable=True),
        sa.Column("written_at", sa.Double(), nullable=True),
        sa.Column("written_run", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "stream", "external_id", name="link_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "link_live",
        "link",
        ["entity", "connection", "stream"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_index(
        "link_other",
        "link",
        ["entity"],
        sqlite_where=sa.text("state <> 'live'"),
        postgresql_where=sa.text("state <> 'live'"),
    )


def _merge_log() -> None:
    op.create_table(
        "merge_log",
        sa.Column("survivor", sa.Text(), nullable=False),
        sa.Column("loser", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=True),
        sa.Column("moved", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("survivor", "loser", "at", name="merge_log_pkey"),
    )
    op.create_index("merge_log_loser", "merge_log", ["loser"])


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="meta_pkey"),
        sqlite_with_rowid=False,
    )


def _natural_key() -> None:
    op.create_table(
        "natural_key",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("hmac", sa.LargeBinary(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "type", "hmac", "entity", name="natural_key_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("natural_key_entity", "natural_key", ["entity"])


def _pending_reference() -> None:
    op.create_table(
        "pending_reference",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection", "stream", "external_id", "entity", "cell", name="pending_reference_pkey"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("pending_reference_entity", "pending_reference", ["entity"])


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("counters", sa.LargeBinary(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="run_pkey"),
    )
    op.create_index("run_recent", "run", ["flow", "started_at"])
    op.create_index("run_started", "run", ["started_at"])


def _run_event() -> None:
    op.create_table(
        "run_event",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "seq", name="run_event_pkey"),
        sqlite_with_rowid=False,
    )


def _secret() -> None:
    op.create_table(
        "secret",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="secret_pkey"),
        sqlite_with_rowid=False,
    )


def _stream_state() -> None:
    op.create_table(
        "stream_state",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("mapping_version", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Double(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("scan_started", sa.Double(), nullable=True),
        sa.Column("scan_high", sa.Double(), nullable=True),
        sa.Column("full", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("read_through_at", sa.Double(), nullable=True),
        sa.Column("full_at", sa.Double(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "stream", name="stream_state_pkey"),
        sqlite_with_rowid=False,
    )


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("connection", name="token_pkey"),
        sqlite_with_rowid=False,
    )


def _tombstone() -> None:
    op.create_table(
        "tombstone",
        sa.Column("hmac", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("hmac", name="tombstone_pkey"),
        sqlite_with_rowid=False,
    )
