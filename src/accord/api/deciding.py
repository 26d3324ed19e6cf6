"""What a person decides: the queues of conflicts and dead letters, and which records are the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from accord.api.opened import Opened
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.engine.decide import Pair
    from accord.engine.retire import RetiredStream
    from accord.store.rows import Conflict, DeadLetter, Entity


class Deciding(Opened):
    """The queues a person works through, and links."""

    def conflicts(
        self, state: str | None = "open", model: str | None = None, limit: int = 100
    ) -> list[Conflict]:
        """Conflicts, oldest first."""
        with self.store.reading() as tx:
            return tx.conflicts.list(state, model, limit)

    def resolve(self, conflict: str, choice: str) -> str:
        """Settle a conflict as a person chose; what it is settled with.

        Args:
            conflict: Its id.
            choice: ``hub`` or ``vendor`` for a field, a candidate's hub id (or its beginning) or ``new``
                for an ambiguous record, ``keep`` to close a notice.

        Raises:
            SetupError: there is no such conflict, or it cannot be settled so.
        """
        from accord.engine import decide

        with self.store.transaction("resolve") as tx:
            found = tx.conflicts.get(conflict)
            if found is None:
                raise SetupError(f"there is no conflict {conflict!r}", hint="See `accord conflicts`.")
            return decide.resolve(self.world, tx, found, choice)

    def dead_letters(self, state: str | None = "open", limit: int = 100) -> list[DeadLetter]:
        """Changes set aside, oldest first."""
        with self.store.reading() as tx:
            return tx.letters.list(state=state, limit=limit)

    def replay(self, letters: Sequence[str] | None = None) -> int:
        """Give dead letters (all open ones by default) another try in the next run; how many."""
        from accord.engine import decide

        with self.store.transaction("replay") as tx:
            found = (
                [tx.letters.get(id_) for id_ in letters]
                if letters is not None
                else tx.letters.list(limit=10_000)
            )
            for letter, id_ in zip(found, letters or [x.id for x in found if x], strict=True):
                if letter is None:
                    raise SetupError(f"there is no dead letter {id_!r}", hint="See `accord dead-letters`.")
                decide.replay(tx, letter)
            return len(found)

    def discard(self, letter: str) -> None:
        """Close a dead letter without another try."""
        with self.store.transaction("discard") as tx:
            if not tx.letters.set_state(letter, "discarded"):
                raise SetupError(f"there is no dead letter {letter!r}", hint="See `accord dead-letters`.")

    def merge(self, survivor: str, loser: str) -> Entity:
        """Make two hub records one; the first keeps its id."""
        from accord.api import naming
        from accord.engine import decide

        with self.store.transaction("merge") as tx:
            one, other = (naming.one_named(self.world, tx, text) for text in (survivor, loser))
            decide.merge(self.world, tx, one, other)
            return one

    def split(self, record: str, connection: str, external_id: str) -> Entity:
        """Give one external record a hub record of its own; returns that one."""
        from accord.api import naming
        from accord.engine import decide

        with self.store.transaction("split") as tx:
            entity = naming.one_named(self.world, tx, record)
            return decide.split(self.world, tx, entity, connection, external_id)

    def import_links(self, pairs: Iterable[Pair]) -> int:
        """Record known pairs of external ids as one hub record each, all of them or none; how many.

        Ids that are new to the store are looked up in their systems.

        Raises:
            SetupError: a connection cannot be opened, or some pairs are refused; ``facts["refused"]`` lists
                (position, reason). Nothing was changed.
            VendorError: a system cannot be asked for the ids. Nothing was changed.
        """
        from accord.api import pairing
        from accord.engine import decide

        known = list(pairs)
        for connection in (side[0] for pair in known for side in pairing.sides_of(pair)):
            if connection in self.connections.troubles:
                raise self.connections.troubles[connection]
        refused = pairing.unheard_of(self.world, known)
        wrong = {position for position, _ in refused}
        places = [position for position in range(len(known)) if position not in wrong]
        with self.store.transaction("import links") as tx:
            told = decide.import_links(self.world, tx, [known[position] for position in places])
            refused = sorted([*refused, *((places[at], why) for at, why in told)])
            if refused:
                raise SetupError(
                    f"{len(refused)} of {len(known)} pairs cannot be linked: {refused[0][1]}",
                    hint="Nothing was changed. Correct these pairs and import again.",
                    facts={"refused": refused},
                )
        return len(known)

    def retired_streams(self) -> list[RetiredStream]:
        """The streams that left their flow, with what is kept of them; noticed by the first plan or sync."""
        from accord.engine import retire

        with self.store.reading() as tx:
            return retire.retired(tx)

    def release_stream(self, stream: str, *, told: bool = False) -> RetiredStream:
        """Forget the links of a stream that left its flow for good; what was forgotten.

        Args:
            stream: ``CONNECTION/STREAM``.
            told: You have told that system of the withdrawals and erasures that it was not told of.

        Raises:
            SetupError: the stream has not left its flow, or it was not told of something.
        """
        from accord.engine import retire

        with self.store.transaction("release") as tx:
            return retire.release(self.world, tx, stream, told=told)
