"""What is so, and why: nothing here changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accord.api import status
from accord.api.opened import Opened
from accord.api.views import Status

if TYPE_CHECKING:
    from accord.engine.explain import Explanation
    from accord.store.rows import Entity, Link, Run


class Looking(Opened):
    """Looking at runs and records."""

    def status(self) -> Status:
        """The store at a glance: flows, streams, queues. Needs no vendor and no secret."""
        return status.status(self.config, self.store, self.plugins)

    def runs(self, flow: str | None = None, limit: int = 20) -> list[Run]:
        """The latest runs, newest first."""
        with self.store.reading() as tx:
            return tx.runs.recent(flow, limit)

    def find(self, text: str) -> list[tuple[Entity, list[Link]]]:
        """Hub records by hub id or its beginning, ``CONNECTION:ID`` or a natural key, with their links."""
        from accord.api import naming

        with self.store.reading() as tx:
            found = naming.named(self.world, tx, text)
            links = tx.links.of_entities([entity.id for entity in found])
            return [(entity, list(links.get(entity.id, ()))) for entity in found]

    def explain(self, text: str) -> list[Explanation]:
        """Per field who set it, when, by which rule and what lost; per system what it holds and why."""
        from accord.api import naming
        from accord.engine import explain

        with self.store.reading() as tx:
            return [explain.explain(self.world, tx, entity) for entity in naming.named(self.world, tx, text)]
