"""All that a connector's author sees: Connector, Stream, Settings and what they declare.

A connector is data plus, where the vendor demands it, a method. Each of a stream's operations is
either *declared* (``read = accord.Pages(...)``) or *written* as a method of the same name; the engine
calls both alike:

===============  =========================================================================
``read``         ``(ReadRequest) -> Iterator[Page]``: the rows of the stream, page by page
``get``          ``(Sequence[str]) -> Mapping[str, Row | None]``: rows by external id, None = gone;
                 a row whose own key differs says that the vendor merged the asked id into it
``find``         ``(Sequence[Probe]) -> Sequence[Sequence[Row]]``: for each probe the rows that match
``create``       ``(Sequence[Write]) -> Sequence[Outcome]``
``update``       ``(Sequence[Write]) -> Sequence[Outcome]``
``upsert``       ``(Sequence[Write]) -> Sequence[Outcome]``: serves creates and updates alike
``delete``       ``(Sequence[Write]) -> Sequence[Outcome]``
``unsubscribe``  ``(Sequence[ConsentWrite]) -> Sequence[Outcome]``: set the vendor's state to refused
``subscribe``    the same; guarded: the only operation that may open, always with ``grant``
``remove``       the same; take people out of an audience by the identifiers they were sent under
``erase``        the same; delete people for good, with the receipt the vendor can give
===============  =========================================================================

How many writes (or ids, or probes) one call takes is the operation's ``size``; a written method says it
with ``@accord.batch(100)``, without it the engine calls one at a time.

Creates, updates and upserts never carry a subscription state: what a person allows or refuses goes out
through the four consent operations only. The engine calls them behind a guard (:mod:`accord.consent.guard`):
a ``subscribe`` without a grant, or a channel outside ``consent_channels``, never reaches the connector.
"""

from accord.connector.declared import (
    Atomicity,
    Creates,
    CursorField,
    Deletes,
    Find,
    Get,
    Operations,
    Origin,
    Read,
    Send,
    batch,
)
from accord.connector.settings import Context, Settings
from accord.connector.stream import Connector, Stream, overlap_of

__all__ = [
    "Atomicity",
    "Connector",
    "Context",
    "Creates",
    "CursorField",
    "Deletes",
    "Find",
    "Get",
    "Operations",
    "Origin",
    "Read",
    "Send",
    "Settings",
    "Stream",
    "batch",
    "overlap_of",
]
