"""The tables of consent: the log, what follows from it, what was sent, and the account of every decision.

Addresses appear as keyed hashes only; evidence is sealed. Instants are float seconds since 1970 UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, Double, Index, Integer, LargeBinary, Text, literal_column

from accord.store.columns import may, must, table

consent_signal = table(
    "consent_signal",
    ("id",),
    must("id", Text),
    must("subject", Text),
    must("recorded_for", Text),
    must("source", Text),
    must("event", Text),
    must("purpose", Text),
    must("channel", Text),
    must("kind", Text),
    must("actor", Text),
    may("effective_at", Double),
    must("received_at", Double),
    must("contact_point", Text),
    must("origin", Text),
    must("echo_of", Text),
    must("body", LargeBinary),
    narrow=False,
)
# However often a source tells an event, it is one signal.
Index("consent_signal_event", consent_signal.c.source, consent_signal.c.event, unique=True)
Index("consent_signal_subject", consent_signal.c.subject)

consent_state = table(
    "consent_state",
    ("subject", "purpose", "channel", "contact_point", "topic", "controller"),
    must("subject", Text),
    must("purpose", Text),
    must("channel", Text),
    must("contact_point", Text),
    must("topic", Text),
    must("controller", Text),
    must("state", Text),
    must("basis", Text),
    must("epoch", Integer),
    may("since", Double),
    must("signal", Text),
    may("expires_at", Double),
    must("conflicts", LargeBinary),
)
ENDS: ColumnElement[bool] = literal_column("expires_at IS NOT NULL")
Index("consent_state_ends", consent_state.c.expires_at, sqlite_where=ENDS, postgresql_where=ENDS)

contact_point = table(
    "contact_point",
    ("subject", "type", "hmac"),
    must("subject", Text),
    must("type", Text),
    must("hmac", Text),
    may("verified_at", Double),
)
Index("contact_point_hmac", contact_point.c.hmac)

suppression = table(
    "suppression",
    ("contact_point", "channel", "reason"),
    must("contact_point", Text),
    must("channel", Text),
    must("reason", Text),
    must("subject", Text),
    must("source", Text),
    may("at", Double),
    must("received_at", Double),
)
Index("suppression_subject", suppression.c.subject)

objection = table(
    "objection",
    ("hmac", "purpose", "channel"),
    must("hmac", Text),
    must("purpose", Text),
    must("channel", Text),
    must("at", Double),
    must("retain_until", Double),
)

value_origin = table(
    "value_origin",
    ("entity", "cell", "digest", "origin"),
    must("entity", Text),
    must("cell", Text),
    must("digest", LargeBinary),
    must("origin", Text),
    must("source", Text),
    must("at", Double),
    may("retain_until", Double),
)

notice = table(
    "notice",
    ("id", "version"),
    must("id", Text),
    must("version", Text),
    must("text_hash", Text),
    must("locale", Text),
    must("body", LargeBinary),
    may("valid_from", Double),
    may("valid_to", Double),
)

evidence = table(
    "evidence",
    ("id",),
    must("id", Text),
    must("method", Text),
    must("at", Double),
    may("retain_until", Double),
    may("body", LargeBinary),
)

send_ledger = table(
    "send_ledger",
    ("id",),
    must("id", Text),
    must("subject", Text),
    must("record", Text),
    must("connection", Text),
    must("stream", Text),
    must("purpose", Text),
    must("channel", Text),
    must("fields", LargeBinary),
    must("identifiers", LargeBinary),
    must("epoch", Integer),
    must("signal", Text),
    may("external_id", Text),
    must("status", Text),
    must("at", Double),
    may("finished_at", Double),
    may("points", LargeBinary),
)
Index("send_ledger_subject", send_ledger.c.subject)
Index(
    "send_ledger_open",
    send_ledger.c.connection,
    send_ledger.c.stream,
    sqlite_where=literal_column("status = 'started'"),
    postgresql_where=literal_column("status = 'started'"),
)

consent_decision = table(
    "consent_decision",
    ("seq",),
    must("seq", BigInteger),
    must("id", Text),
    must("at", Double),
    must("subject", Text),
    must("connection", Text),
    must("purpose", Text),
    must("outcome", Text),
    must("body", LargeBinary),
    must("previous", Text),
    must("hash", Text),
    narrow=False,
)
Index("consent_decision_subject", consent_decision.c.subject, consent_decision.c.seq)

consent_hold = table(
    "consent_hold",
    ("connection", "stream", "entity"),
    must("connection", Text),
    must("stream", Text),
    must("entity", Text),
    must("subject", Text),
    must("reason", Text),
    must("at", Double),
)
Index("consent_hold_subject", consent_hold.c.subject)

revocation = table(
    "revocation",
    ("id",),
    must("id", Text),
    must("subject", Text),
    must("connection", Text),
    must("stream", Text),
    must("verb", Text),
    must("purpose", Text),
    must("channel", Text),
    must("topic", Text),
    may("external_id", Text),
    may("at", Double),
    must("cause", Text),
    must("body", LargeBinary),
    must("state", Text),
    must("attempt", Integer),
    must("not_before", Double),
    must("created_at", Double),
    must("due_at", Double),
    may("sent_at", Double),
    may("finished_at", Double),
    may("alerted_at", Double),
    must("receipt", Text),
    must("reason", Text),
)
OPEN: ColumnElement[bool] = literal_column("finished_at IS NULL")
Index(
    "revocation_open",
    revocation.c.connection,
    revocation.c.stream,
    revocation.c.not_before,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)
Index("revocation_subject", revocation.c.subject)

erasure = table(
    "erasure",
    ("id",),
    must("id", Text),
    must("subject", Text),
    must("identity", Text),
    must("requested_at", Double),
    must("due_at", Double),
    may("closed_at", Double),
    may("lifted_at", Double),
    must("body", LargeBinary),
)
Index("erasure_subject", erasure.c.subject)
