"""Find the record of an erased person where nobody knows its id: a create whose answer never came.

The hub has forgotten them by then. What is left to search by is our reference, or the address that the
erasure carries with it until every system has answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from accord.engine import erase
from accord.engine.fingerprints import fingerprint
from accord.engine.match import key_digest
from accord.model.record import Probe, Receipt, Row, Verb
from accord.model.schema import natural_keys
from accord.store.consent_rows import Revocation, RevocationState
from accord.store.rows import LinkState

if TYPE_CHECKING:
    from accord.engine.flow import Member
    from accord.engine.scope import Scope
    from accord.store import Transaction


def depart(tx: Transaction, member: Member, told: Sequence[Revocation]) -> None:
    """Records that a system says it has erased are linked no more: nobody counts on seeing them again."""
    gone = [
        one.external_id
        for one in told
        if one.verb == Verb.ERASE
        and one.external_id is not None
        and one.receipt != Receipt.RETAINED
        and one.state in (RevocationState.DONE, RevocationState.GONE)
    ]
    links = list(tx.links.get(*member.key, gone).values()) if gone else []
    for link in links:
        link.state = LinkState.GONE
    tx.links.upsert(links)


class Trace:
    """Completes the erasures of one member with the ids that a search finds."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.stream = scope, scope.member.stream

    def complete(self, due: Sequence[Revocation]) -> None:
        """Give every erasure without an id the one it is about; further records get an erasure of their own.

        Raises:
            VendorError: the search failed; nothing was erased.
        """
        more: list[Revocation] = []
        for one in due:
            if one.external_id is not None:
                continue
            found = list(dict.fromkeys(self._found(one)))
            one.external_id = found[0] if found else None
            more += [
                replace(one, id=fingerprint(one.id, external_id), external_id=external_id, not_before=0.0)
                for external_id in found[1:]
            ]
        if more:
            with self.scope.world.store.transaction("traced") as tx:
                tx.revocations.add(more)

    def can_search(self, tx: Transaction, one: Revocation) -> bool:
        """Whether there is anything to search by: our reference, or an address that is nobody else's."""
        return bool(self._probes(tx, one, erase.selves(tx, one.subject)))

    def _found(self, one: Revocation) -> Iterator[str]:
        find = self.stream.operations.find
        with self.scope.world.store.reading() as tx:
            ids = erase.selves(tx, one.subject)
            probes = self._probes(tx, one, ids)
            asked = {other.external_id for other in tx.revocations.of(ids) if self._is_beside(other, one)}
            sends = [send for some in tx.ledger.of(ids).values() for send in some]
        # An answer that came after the erasure tells the id, and needs no search.
        here = [send.external_id for send in sends if (send.connection, send.stream) == self.scope.member.key]
        yield from (id_ for id_ in here if id_ is not None and id_ not in asked)
        size = self.stream.operations.sizes.get("find", 1)
        for start in range(0, len(probes) if find is not None else 0, size):
            part = probes[start : start + size]
            for rows in find(part) if find is not None else ():
                theirs = (self.stream.external_id(row) for row in rows if self._is_theirs(row, ids))
                yield from (id_ for id_ in theirs if id_ not in asked)

    @staticmethod
    def _is_beside(other: Revocation, one: Revocation) -> bool:
        """An erasure of its own for another record of the same person in the same place."""
        same = (other.connection, other.stream, other.cause) == (one.connection, one.stream, one.cause)
        return same and other.verb == Verb.ERASE and other.id != one.id

    def _probes(self, tx: Transaction, one: Revocation, ids: Sequence[str]) -> list[Probe]:
        """By our reference where it can be searched; else by the addresses that nobody else here has."""
        fields = self.stream.find_by
        if "hub_id" in fields:
            return [Probe("hub_id", id_) for id_ in ids]
        flow = self.scope.flow
        keys = natural_keys(flow.model, dict(one.document), [f for f in flow.match if f in fields])
        digests = {
            (name, key_digest(name, value, self.scope.key)): Probe(name, value) for name, value in keys
        }
        owners = tx.keys.find(flow.kind, sorted(digests))
        return [probe for key, probe in digests.items() if not set(owners.get(key, ())) - set(ids)]

    def _is_theirs(self, row: Row, ids: Sequence[str]) -> bool:
        """Not what is deleted there already, nor what bears the reference of somebody else."""
        reference = self.stream.hub_reference(row)
        return not self.stream.is_deleted(row) and (reference is None or reference in ids)
