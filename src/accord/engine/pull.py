"""Pull: read a stream page by page; each page's effects and the cursor commit together.

The next page is fetched while the present one is absorbed; streams that are many take turns
(:mod:`accord.engine.turns`). A page is one transaction; a crash costs
at most one page's work, never a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from accord.connector import Deletes, overlap_of
from accord.engine import canary
from accord.engine.absences import observe_absences
from accord.engine.absorb import Absorber, Touched
from accord.engine.circles import Circles
from accord.engine.counts import Counts
from accord.engine.fresh import fresh
from accord.engine.observe import Observer, Seen
from accord.engine.parents import fetch_parents
from accord.engine.progress import Progress
from accord.engine.rebase import baseline_of, retry
from accord.engine.stop import BrakeError, Budget
from accord.errors import AnswerShapeError
from accord.model.record import Page, ReadRequest
from accord.store.durability import Durability
from accord.store.rows import Baseline, Entity, Fence, StreamState

if TYPE_CHECKING:
    from accord.engine.scope import Scope
    from accord.env import Channel
    from accord.store import Transaction

AHEAD = 2
"""Pages fetched ahead of the one being absorbed: the bound on a pull's memory. Where more streams are read
than take their turns at once, others fetch meanwhile, and none is fetched ahead.
"""
BAD_SHARE, BAD_LEAST = 0.2, 10
"""More than this share of unmappable rows (and at least so many) is a schema break, not bad data."""
ANTI_ENTROPY = 7 * 86_400.0
"""Seconds after which an incremental stream is read in full again: it repairs what cursors missed."""
Read = Callable[[ReadRequest], Iterator[Page]]
"""A stream's way to be read."""
CLOCK_LIMIT = 86_400.0
"""A vendor's clock further from ours than this many seconds is not believed."""


class Pull:
    """Reads one member's stream to its end, or until the budget is spent."""

    def __init__(
        self,
        scope: Scope,
        counts: Counts,
        fences: Sequence[Fence],
        budget: Budget,
        *,
        approved: bool = False,
        ahead: int = AHEAD,
    ) -> None:
        self.scope, self.counts, self.fences, self.budget = scope, counts, fences, budget
        self.approved, self.ahead = approved, ahead
        self.store, self.stream = scope.world.store, scope.member.stream
        self.observer = Observer(scope.flow, scope.member, scope.key)
        self.absorber = Absorber(scope, counts)
        self.rows_read = 0
        self.complete = False
        self.resumed = False
        self.offset = 0.0
        """Seconds the vendor's clock was ahead of ours when it gave the latest page."""
        self.canary_shown = False
        self.rebasing = False
        """Whether the stream's mapping changed since it was last read to its end."""

    def pages(self, *, full: bool) -> Iterator[Sequence[Entity]]:
        """Read to the end, a page at each step; what it changed.

        ``complete`` tells in the end whether the budget lasted; if not, the next run goes on here.
        """
        state = self._begin(full=full)
        canary.look(self)
        for page in self._pages(self._request(state)):
            yield self._page(page, state)
            if page.token is not None and self.budget.spent():
                return
        self._finish(state)
        self.complete = True

    def _begin(self, *, full: bool) -> StreamState:
        with self.store.reading() as tx:
            state = tx.streams.load(*self.scope.member.key)
            self.rebasing = self.scope.rebase(tx) is not None
        if state.mapping_version != self.stream.mapping.version:
            if state.mapping_version and state.baseline is None:
                state.baseline = Baseline(state.mapping_version)
            # A cursor of another mapping cannot be reused: fields it did not map were never read.
            state.cursor, state.token = None, None
            state.mapping_version = self.stream.mapping.version
        if full and not state.full:
            state.token = None
        self.resumed = state.token is not None
        if state.token is None:
            if state.full:
                self._give_up(state)
            state.full = full or state.cursor is None or self.stream.cursor is None or self._is_time(state)
            state.scan_started = state.scan_high = None
        return state

    def _give_up(self, state: StreamState) -> None:
        """A full read that was refused, or cannot go on, starts anew, under the same number.

        What only the first attempt showed would else pass for shown by the second.
        """
        with self.store.transaction("read anew", self.fences) as tx:
            tx.links.read_again(*self.scope.member.key, state.generation)

    def _is_time(self, state: StreamState) -> bool:
        """Whether the last full read is so old that cursors alone are not to be trusted any more."""
        return self.scope.now() - (state.full_at or 0.0) > ANTI_ENTROPY

    def _request(self, state: StreamState) -> ReadRequest:
        through = (
            None if state.read_through_at is None else datetime.fromtimestamp(state.read_through_at, UTC)
        )
        if state.full or state.cursor is None:
            return ReadRequest(token=state.token, through=through)
        overlap = timedelta() if "overlap" in self.scope.env.ablations else overlap_of(self.stream)
        since = datetime.fromtimestamp(state.cursor, UTC) - overlap
        return ReadRequest(since=since, token=state.token, through=through)

    def _pages(self, request: ReadRequest) -> Iterator[Page]:
        """Pages in order."""
        read = self.stream.operations.read
        if read is None:
            return
        circles = Circles()
        for page in read(request) if self.ahead == 0 else self._fetched(read, request):
            if circles.closed(page.token, len(page.rows)):
                raise self._repeats()
            yield page

    def _fetched(self, read: Read, request: ReadRequest) -> Iterator[Page]:
        """Pages fetched ahead by another task, which ends at most a page after this generator."""
        channel: Channel[Page | BaseException | None] = self.scope.env.channel(self.ahead)
        wanted = [True]

        def fetch() -> None:
            try:
                for page in read(request):
                    channel.put(page)
                    if not wanted[0]:
                        return
                channel.put(None)
            except BaseException as error:  # noqa: BLE001  raised again by the one who waits
                channel.put(error)

        self.scope.env.spawn(f"read {self.scope.member.scope}", fetch)
        try:
            while (item := channel.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            wanted[0] = False
            channel.close()

    def _repeats(self) -> AnswerShapeError:
        return AnswerShapeError(
            f"{self.scope.member.scope}: the vendor gave the same page again and again, or empty ones",
            hint="Nothing was advanced. Run again; if it stays so, report it to the connector's author.",
            facts={"connection": self.scope.member.connection, "stream": self.stream.name},
        )

    def _page(self, page: Page, state: StreamState) -> list[Entity]:
        """Digest, skip what is known, map the rest, absorb it all in one transaction; what it changed."""
        offset = self.offset = self._offset(page.server_time)
        seen = self.observer.look(page.rows)
        canary.watch(self, seen)
        news = fresh(self.scope, seen)
        now = self.scope.now()
        for one in news:
            if not one.deleted:
                self.observer.map(one, now, offset)
        self._refuse_schema_break(seen)
        self._note(state, page, news, now + offset)
        with self.store.transaction("pull", self.fences, Durability.REPEATABLE) as tx:
            touched = self.absorber.page(tx, news)
            self.counts.read += len(seen) - len(news)
            self.counts.unchanged += len(seen) - len(news)
            self._spread(tx, touched)
            self._mark_seen(tx, seen, touched, state)
            tx.streams.save(state)
        if touched.pending:
            fetch_parents(self.scope, touched.pending, self.fences)
        for letter in touched.letters:
            self.scope.world.plugins.dead_letter(letter)
        self.rows_read += len(page.rows)
        member = self.scope.member
        self.scope.world.progress(
            Progress(
                self.scope.flow.name, "pull", member.connection, self.stream.name, self.rows_read, page.total
            )
        )
        return [touched.entities[id_] for id_ in touched.changed]

    def _spread(self, tx: Transaction, touched: Touched) -> None:
        """Others must look at what changed; this side only where it is behind the hub."""
        changed = [touched.entities[id_] for id_ in touched.changed]
        self.scope.wake(tx, changed, but=[self.scope.member.key])
        if touched.behind:
            tx.dirty.add([(*self.scope.member.key, id_) for id_ in sorted(touched.behind)])

    def _mark_seen(self, tx: Transaction, seen: Sequence[Seen], touched: Touched, state: StreamState) -> None:
        """A complete read notes what it saw, so that absence can be told from silence."""
        tx.letters.close_reads(*self.scope.member.key, [one.external_id for one in seen if one.error is None])
        if self.stream.deletes is Deletes.SCAN:
            shown = [one.external_id for one in seen] if state.full else list(touched.links)
            tx.links.seen(*self.scope.member.key, shown, state.generation + int(state.full))

    def _refuse_schema_break(self, seen: Sequence[Seen]) -> None:
        """What was set aside before tells of nothing new; rows that are known were readable as they are."""
        rows = [one for one in seen if not one.aside]
        errors = [one.error for one in rows if one.error is not None]
        if len(errors) >= BAD_LEAST and len(errors) > BAD_SHARE * len(rows):
            raise AnswerShapeError(
                f"{self.scope.member.scope}: {len(errors)} of {len(rows)} rows of a page are unreadable"
                f" ({errors[0]})",
                hint="The cursor was not moved. Look whether the vendor or the file changed its fields, "
                "then correct the mapping and run again.",
                facts={"connection": self.scope.member.connection, "stream": self.stream.name},
            )

    def _offset(self, server_time: datetime | None) -> float:
        """Seconds the vendor's clock is ahead of ours (0 within the Date header's resolution)."""
        if server_time is None:
            return 0.0
        offset = (server_time - self.scope.env.now()).total_seconds()
        if abs(offset) > CLOCK_LIMIT:
            raise AnswerShapeError(
                f"{self.scope.member.scope}: its clock and ours differ by {offset / 3600:.0f} hours",
                hint="Set this machine's clock (NTP); without it nobody can tell which edit was later.",
                facts={"connection": self.scope.member.connection},
            )
        return offset if abs(offset) > 2.0 else 0.0  # noqa: PLR2004  the Date header has whole seconds

    def _note(self, state: StreamState, page: Page, fresh: Sequence[Seen], vendor_now: float) -> None:
        if state.scan_started is None:
            state.scan_started = page.server_time.timestamp() if page.server_time else vendor_now
        changes = [
            o.changed_at for one in fresh if (o := one.observation) is not None and o.changed_at is not None
        ]
        if changes:
            state.scan_high = max(*changes, state.scan_high or 0.0)
        state.token = page.token

    def _finish(self, state: StreamState) -> None:
        """The read is complete: deletions by absence, then the cursor moves."""
        generation = state.generation + 1 if state.full else state.generation
        self._refuse_empty(state)
        canary.miss(self, state)
        if state.full and self.stream.deletes is Deletes.SCAN and self.stream.full_read_is_complete:
            observe_absences(self, generation)
        started, high = state.scan_started, state.scan_high
        if started is not None:
            state.cursor = min(started, high) if high is not None else (state.cursor or None)
        state.full_at = self.scope.now() if state.full else state.full_at
        state.generation, state.token, state.full = generation, None, False
        state.scan_started = state.scan_high = None
        state.read_through_at = self.scope.now() if started is None else started - self.offset
        state.baseline = baseline_of(self.stream.mapping)
        with self.store.transaction("pull done", self.fences) as tx:
            tx.streams.save(state)
            if self.rebasing:
                retry(tx, self.scope.member.key)
        self.scope.rebased()

    def _refuse_empty(self, state: StreamState) -> None:
        """A side that suddenly shows nothing is a broken side, not a mass deletion."""
        if not state.full or self.rows_read or self.resumed or self.approved:
            return
        with self.store.reading() as tx:
            live = tx.links.live_count(*self.scope.member.key)
        if live:
            are = "is" if live == 1 else "are"
            raise BrakeError(
                f"{self.scope.member.scope} turned empty although {live} of its records {are} linked",
                facts={"connection": self.scope.member.connection, "stream": self.stream.name, "live": live},
            )
