"""The guard before every connector's consent operations: what may not be asked never reaches the connector.

Opening needs the id of a fresh, explicit grant; a channel that the stream does not serve cannot be changed
there, and a person must see that. Connectors therefore check neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from accord.model.record import (
    ConsentWrite,
    Operation,
    Outcome,
    Receipt,
    Result,
    Verb,
    Write,
    none_refused,
)

Send = Callable[[Sequence[Write]], Sequence[Outcome]]
NOT_LINKED = "not_linked"
"""The reason of an erasure that names no record."""
W = TypeVar("W", bound=Callable[..., Any])
SendConsent = Callable[[Sequence[ConsentWrite]], Sequence[Outcome]]


def guarded(verb: Verb, call: SendConsent, channels: frozenset[str]) -> SendConsent:
    """The operation behind its guard; what it says about batches and rate limits stays.

    Args:
        verb: Which of the four operations it is.
        call: The connector's own operation.
        channels: The channels that its stream serves.
    """

    def send(writes: Sequence[ConsentWrite]) -> Sequence[Outcome]:
        refused = [refusal for write in writes if (refusal := refused_by(verb, write, channels))]
        kept_out = {refusal.write_id for refusal in refused}
        asked = [write for write in writes if write.id not in kept_out]
        return [*refused, *(call(asked) if asked else ())]

    return declared_like(call, send)


def declared_like(call: object, wrapper: W) -> W:
    """The wrapper of an operation, which says about batches and rate limits what the operation says."""
    for name, otherwise in (("size", 1), ("limit_class", "default"), ("cost", 1.0)):
        setattr(wrapper, name, getattr(call, name, otherwise))
    return wrapper


def by_deleting(delete: Send) -> SendConsent:
    """``erase`` of a stream that has an ordinary ``delete`` and nothing stronger.

    The vendor deletes the record as for anybody: whether for good, it does not say (``accepted``).
    """

    def erase(writes: Sequence[ConsentWrite]) -> Sequence[Outcome]:
        known = [write for write in writes if write.external_id is not None]
        unknown = [Outcome(w.id, Result.GONE, reason=NOT_LINKED) for w in writes if w.external_id is None]
        outcomes = delete([_deletion(write) for write in known]) if known else ()
        return [*unknown, *(replace(one, receipt=Receipt.ACCEPTED) for one in outcomes)]

    for name, otherwise in (("size", 1), ("limit_class", "default"), ("cost", 1.0)):
        setattr(erase, name, getattr(delete, name, otherwise))
    return erase


def _deletion(write: ConsentWrite) -> Write:
    return Write(
        id=write.id,
        operation=Operation.DELETE,
        row={},
        document={},
        hub_id="",
        idempotency_key=write.id,
        external_id=write.external_id,
        recheck=none_refused,
    )


def refused_by(verb: Verb, write: ConsentWrite, channels: frozenset[str]) -> Outcome | None:
    """Why a consent write may not go out; None when it may."""
    if write.verb is not verb:
        return Outcome(write.id, Result.REJECTED, reason=f"not_a_{verb}", receipt=Receipt.IMPOSSIBLE)
    if verb is Verb.SUBSCRIBE and not write.grant:
        return Outcome(write.id, Result.REJECTED, reason="no_grant", receipt=Receipt.IMPOSSIBLE)
    if verb is not Verb.ERASE and write.channel not in channels:
        return Outcome(write.id, Result.REJECTED, reason="channel_not_served", receipt=Receipt.IMPOSSIBLE)
    return None
