"""People's rights: consent, erasure, access, and the requests that vendors pass on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from accord.api.opened import Opened
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.api.consent import ConsentDesk
    from accord.api.erasures import ErasureReport
    from accord.api.requests import Received
    from accord.engine.disclose import Disclosure
    from accord.engine.erase import ErasurePlan


class Rights(Opened):
    """What people may ask for."""

    @cached_property
    def consent(self) -> ConsentDesk:
        """Where consent is recorded, shown and accounted for."""
        from accord.api.consent import ConsentDesk

        return ConsentDesk(self.world)

    def erasure_plan(self, record: str) -> ErasurePlan:
        """What :meth:`erase` would do for a person; nothing is changed."""
        from accord.api import erasures

        return erasures.plan(self.world, record)

    def erase(self, record: str, *, identity: str, max_seconds: float | None = None) -> ErasureReport:
        """Erase a person: here at once and for good, in every system with a receipt (GDPR art. 17).

        Whatever crashes, the next :meth:`sync` of any flow goes on where this ended.

        Args:
            record: Who.
            identity: How you checked who asks, as a reference without personal data.
            max_seconds: How long to wait for other systems now.

        Raises:
            SetupError: the record is unknown, no person or erased, or ``identity`` is empty.
            StateError: the journal or the store cannot be written; nothing was erased.
        """
        from accord.api import erasures

        request = erasures.begin(self.world, self._journal, record, identity)
        with self._budget(max_seconds) as budget:
            erasures.deliver(self.world, budget)
        return self.erasure(request)

    def erasure(self, request: str) -> ErasureReport:
        """How far an erasure is, with each system's receipt."""
        from accord.api import erasures

        return erasures.report(self.world, request)

    def erasures(self, limit: int = 100) -> list[ErasureReport]:
        """The latest erasures, newest first."""
        from accord.api import erasures

        return erasures.every(self.world, limit)

    def lift_erasure(self, request: str) -> int:
        """Let somebody back in who came back by their own act; how many hashes barred them."""
        from accord.api import erasures

        return erasures.lift(self.world, request)

    def export_person(self, record: str) -> Disclosure:
        """What is known of a person, from where, and who got it (GDPR art. 15); asks every linked system.

        Raises:
            SetupError: the record is unknown, no person, or erased.
        """
        from accord.api import naming
        from accord.engine.disclose import disclose

        with self.store.reading() as tx:
            person = naming.one_named(self.world, tx, record)
        return disclose(self.world, person)

    @cached_property
    def takes_privacy_requests(self) -> frozenset[str]:
        """The open connections whose vendors pass on requests of people."""
        opened = self.connections.connectors.items()
        return frozenset(name for name, connector in opened if connector.takes_privacy_requests())

    def receive_privacy_request(self, connection: str, body: bytes, headers: Mapping[str, str]) -> Received:
        """Deal with a privacy webhook of a vendor; when this returns, what it asks is on disk.

        An erasure begins at once (the next :meth:`sync` tells the other systems); a person who is not known
        is barred from coming. A request for access, or about a whole account, becomes an open conflict.

        Args:
            connection: Which connection it came to.
            body: The raw body, byte for byte: the signature is over it.
            headers: The request's headers.

        Raises:
            AccessError: it is not signed by the vendor, or is about another account; nothing happened.
            SetupError: the connection is unknown, cannot be opened, or takes no privacy webhooks.
            StateError: the journal or the store cannot be written; nothing happened.
        """
        from accord.api import requests

        if connection not in self.takes_privacy_requests:
            raise self.connections.troubles.get(connection) or SetupError(
                f"connection {connection!r} takes no privacy webhooks",
                hint=f"Those that do: {', '.join(sorted(self.takes_privacy_requests)) or 'none'}.",
            )
        connector = self.connections.connectors[connection]
        return requests.receive(self.world, self._journal, connection, connector, body, headers)
