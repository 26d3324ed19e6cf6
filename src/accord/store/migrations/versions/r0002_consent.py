"""Consent: signals, states, suppressions, the send ledger, revocations, decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of consent."""
    _consent_decision()
    _consent_hold()
    _consent_signal()
    _consent_state()
    _contact_point()
    _evidence()
    _notice()
    _objection()
    _revocation()
    _send_ledger()
    _suppression()
    _value_origin()


def _consent_decision() -> None:
    op.create_table(
        "consent_decision",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="consent_decision_pkey"),
    )
    op.create_index("consent_decision_subject", "consent_decision", ["subject", "seq"])


def _consent_hold() -> None:
    op.create_table(
        "consent_hold",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "stream", "entity", name="consent_hold_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("consent_hold_subject", "consent_hold", ["subject"])


def _consent_signal() -> None:
    op.create_table(
        "consent_signal",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("recorded_for", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.Double(), nullable=True),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("contact_point", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("echo_of", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="consent_signal_pkey"),
    )
    op.create_index("consent_signal_event", "consent_signal", ["source", "event"], unique=True)
    op.create_index("consent_signal_subject", "consent_signal", ["subject"])


def _consent_state() -> None:
    op.create_table(
        "consent_state",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("contact_point", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("since", sa.Double(), nullable=True),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("conflicts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "subject", "purpose", "channel", "contact_point", "topic", "controller", name="consent_state_pkey"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "consent_state_ends",
        "consent_state",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )


def _contact_point() -> None:
    op.create_table(
        "contact_point",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("hmac", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("subject", "type", "hmac", name="contact_point_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("contact_point_hmac", "contact_point", ["hmac"])


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("retain_until", sa.Double(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="evidence_pkey"),
        sqlite_with_rowid=False,
    )


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.Double(), nullable=True),
        sa.Column("valid_to", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", "version", name="notice_pkey"),
        sqlite_with_rowid=False,
    )


def _objection() -> None:
    op.create_table(
        "objection",
        sa.Column("hmac", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("retain_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("hmac", "purpose", "channel", name="objection_pkey"),
        sqlite_with_rowid=False,
    )


def _revocation() -> None:
    op.create_table(
        "revocation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("at", sa.Double(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("alerted_at", sa.Double(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="revocation_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "revocation_open",
        "revocation",
        ["connection", "stream", "not_before"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index("revocation_subject", "revocation", ["subject"])


def _send_ledger() -> None:
    op.create_table(
        "send_ledger",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("identifiers", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="send_ledger_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "send_ledger_open",
        "send_ledger",
        ["connection", "stream"],
        sqlite_where=sa.text("status = 'started'"),
        postgresql_where=sa.text("status = 'started'"),
    )
    op.create_index("send_ledger_subject", "send_ledger", ["subject"])


def _suppression() -> None:
    op.create_table(
        "suppression",
        sa.Column("contact_point", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=True),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("contact_point", "channel", "reason", name="suppression_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("suppression_subject", "suppression", ["subject"])


def _value_origin() -> None:
    op.create_table(
        "value_origin",
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("retain_until", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("entity", "cell", "digest", "origin", name="value_origin_pkey"),
        sqlite_with_rowid=False,
    )
