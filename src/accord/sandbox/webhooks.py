"""The vendor's webhooks: kept until delivered, sometimes twice, sometimes out of order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from accord.sandbox.faults import FaultProfile

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """An address that wants events. Empty ``topics`` wants all."""

    url: str
    secret: str = ""
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook request ready to be sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes


Pack = Callable[[Target, str, Event], Delivery]
"""How a vendor writes and signs one event for one target."""


class Webhooks:
    """Targets and the deliveries that wait for them.

    Deliveries are packed when the event happens and sent by :meth:`flush`: a served sandbox does so
    by itself, an in-process one when the test asks.
    """

    def __init__(self, random: Random, pack: Pack) -> None:
        self.targets: list[Target] = []
        self.waiting: deque[Delivery] = deque()
        self.sent: list[tuple[Delivery, int]] = []
        self._random = random
        self._pack = pack

    def emit(self, topic: str, event: Event, faults: FaultProfile) -> None:
        """Queue an event for every target that wants the topic."""
        for target in self.targets:
            if target.topics and topic not in target.topics:
                continue
            delivery = self._pack(target, topic, event)
            copies = 2 if faults.happens("webhook-repeat", self._random) else 1
            self.waiting.extend([delivery] * copies)
            if faults.happens("webhook-disorder", self._random) and len(self.waiting) > 1:
                self.waiting.rotate(self._random.randrange(1, len(self.waiting)))

    def take(self) -> list[Delivery]:
        """Everything that waits, removed from the queue."""
        taken = list(self.waiting)
        self.waiting.clear()
        return taken

    def flush(self, transport: httpx.BaseTransport | None = None) -> list[int]:
        """Send everything that waits; the status of each, 0 when nobody answered."""
        return self.send(self.take(), transport)

    def send(self, deliveries: Sequence[Delivery], transport: httpx.BaseTransport | None = None) -> list[int]:
        """Send these deliveries one after the other and remember what was answered."""
        import httpx

        statuses: list[int] = []
        with httpx.Client(transport=transport, timeout=5.0, trust_env=False) as client:
            for delivery in deliveries:
                try:
                    answer = client.post(delivery.url, content=delivery.body, headers=dict(delivery.headers))
                    statuses.append(answer.status_code)
                except httpx.TransportError:
                    statuses.append(0)
                self.sent.append((delivery, statuses[-1]))
        return statuses
