"""The tables of consent: the log, what follows from it, what was sent, and the account of every decision.

Addresses appear as keyed hashes only; evidence is sealed. Instants are float seconds since 1970 UTC.
"""

from __future__ import annotations

from accord.store.columns import BIGINT, BYTES, DOUBLE, INTEGER, TEXT, Index, Table, may, must

consent_signal = Table(
    "consent_signal",
    ("id",),
    must("id", TEXT),
    must("subject", TEXT),
    must("recorded_for", TEXT),
    must("source", TEXT),
    must("event", TEXT),
    must("purpose", TEXT),
    must("channel", TEXT),
    must("kind", TEXT),
    must("actor", TEXT),
    may("effective_at", DOUBLE),
    must("received_at", DOUBLE),
    must("contact_point", TEXT),
    must("origin", TEXT),
    must("echo_of", TEXT),
    must("body", BYTES),
    # However often a source tells an event, it is one signal.
    Index("consent_signal_event", ("source", "event"), unique=True),
    Index("consent_signal_subject", ("subject",)),
    narrow=False,
)

consent_state = Table(
    "consent_state",
    ("subject", "purpose", "channel", "contact_point", "topic", "controller"),
    must("subject", TEXT),
    must("purpose", TEXT),
    must("channel", TEXT),
    must("contact_point", TEXT),
    must("topic", TEXT),
    must("controller", TEXT),
    must("state", TEXT),
    must("basis", TEXT),
    must("epoch", INTEGER),
    may("since", DOUBLE),
    must("signal", TEXT),
    may("expires_at", DOUBLE),
    must("conflicts", BYTES),
    Index("consent_state_ends", ("expires_at",), where="expires_at IS NOT NULL"),
)

contact_point = Table(
    "contact_point",
    ("subject", "type", "hmac"),
    must("subject", TEXT),
    must("type", TEXT),
    must("hmac", TEXT),
    Index("contact_point_hmac", ("hmac",)),
)

suppression = Table(
    "suppression",
    ("contact_point", "channel", "reason"),
    must("contact_point", TEXT),
    must("channel", TEXT),
    must("reason", TEXT),
    must("subject", TEXT),
    must("source", TEXT),
    may("at", DOUBLE),
    must("received_at", DOUBLE),
    Index("suppression_subject", ("subject",)),
)

objection = Table(
    "objection",
    ("hmac", "purpose", "channel"),
    must("hmac", TEXT),
    must("purpose", TEXT),
    must("channel", TEXT),
    must("at", DOUBLE),
    must("retain_until", DOUBLE),
)

value_origin = Table(
    "value_origin",
    ("entity", "cell", "digest", "origin"),
    must("entity", TEXT),
    must("cell", TEXT),
    must("digest", BYTES),
    must("origin", TEXT),
    must("source", TEXT),
    must("at", DOUBLE),
    may("retain_until", DOUBLE),
)

notice = Table(
    "notice",
    ("id", "version"),
    must("id", TEXT),
    must("version", TEXT),
    must("text_hash", TEXT),
    must("locale", TEXT),
    must("body", BYTES),
    may("valid_from", DOUBLE),
    may("valid_to", DOUBLE),
)

evidence = Table(
    "evidence",
    ("id",),
    must("id", TEXT),
    must("method", TEXT),
    must("at", DOUBLE),
    may("retain_until", DOUBLE),
    may("body", BYTES),
)

send_ledger = Table(
    "send_ledger",
    ("id",),
    must("id", TEXT),
    must("subject", TEXT),
    must("record", TEXT),
    must("connection", TEXT),
    must("stream", TEXT),
    must("purpose", TEXT),
    must("channel", TEXT),
    must("fields", BYTES),
    must("identifiers", BYTES),
    must("epoch", INTEGER),
    must("signal", TEXT),
    may("external_id", TEXT),
    must("status", TEXT),
    must("at", DOUBLE),
    may("finished_at", DOUBLE),
    may("points", BYTES),
    Index("send_ledger_subject", ("subject",)),
)

consent_decision = Table(
    "consent_decision",
    ("seq",),
    must("seq", BIGINT),
    must("id", TEXT),
    must("at", DOUBLE),
    must("subject", TEXT),
    must("connection", TEXT),
    must("purpose", TEXT),
    must("outcome", TEXT),
    must("body", BYTES),
    must("previous", TEXT),
    must("hash", TEXT),
    Index("consent_decision_subject", ("subject", "seq")),
    narrow=False,
)

consent_hold = Table(
    "consent_hold",
    ("connection", "stream", "entity"),
    must("connection", TEXT),
    must("stream", TEXT),
    must("entity", TEXT),
    must("subject", TEXT),
    must("reason", TEXT),
    must("at", DOUBLE),
    Index("consent_hold_subject", ("subject",)),
)

revocation = Table(
    "revocation",
    ("id",),
    must("id", TEXT),
    must("subject", TEXT),
    must("connection", TEXT),
    must("stream", TEXT),
    must("verb", TEXT),
    must("purpose", TEXT),
    must("channel", TEXT),
    must("topic", TEXT),
    may("external_id", TEXT),
    may("at", DOUBLE),
    must("cause", TEXT),
    must("body", BYTES),
    must("state", TEXT),
    must("attempt", INTEGER),
    must("not_before", DOUBLE),
    must("created_at", DOUBLE),
    must("due_at", DOUBLE),
    may("sent_at", DOUBLE),
    may("finished_at", DOUBLE),
    may("alerted_at", DOUBLE),
    must("receipt", TEXT),
    must("reason", TEXT),
    Index("revocation_open", ("connection", "stream", "not_before"), where="finished_at IS NULL"),
    Index("revocation_subject", ("subject",)),
)

erasure = Table(
    "erasure",
    ("id",),
    must("id", TEXT),
    must("subject", TEXT),
    must("identity", TEXT),
    must("requested_at", DOUBLE),
    must("due_at", DOUBLE),
    may("closed_at", DOUBLE),
    may("lifted_at", DOUBLE),
    must("body", BYTES),
    Index("erasure_subject", ("subject",)),
)
