"""Reading: every record once, whatever moves meanwhile; changes, lookups, merges."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from accord.connector import overlap_of
from accord.testing.contract.needs import needs
from accord.testing.contract.setting import Setting

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from accord.testing.clerk import Clerk

NOBODY = 9999
"""The number of a sample that no test creates."""


class Reading(Setting):
    """Pages, cursors, lookups."""

    @needs("read")
    def test_a_full_read_brings_each_record_once(self, clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
        """Over several pages, nothing twice and nothing left out."""
        made = self._own(clerk, 9)
        self.shrink(clerk.stream, monkeypatch)
        ids = clerk.ids()
        assert self.overlapping or len(ids) == len(set(ids)), "a record came twice"
        assert set(made) <= set(ids), "a record is missing"
        assert len(set(ids)) == clerk.again().count()
        assert ids, "the vendor has no records: raise `size`, or let the sandbox seed some"

    @needs("read", "create", "sample")
    def test_a_read_resumes_at_the_token_of_any_page(
        self, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also in another process, long after."""
        self._own(clerk, 9)
        self.shrink(clerk.stream, monkeypatch)
        pages = list(clerk.pages())
        assert len(pages) > 1, "one page holds everything: override shrink()"
        for at, page in enumerate(pages[:-1]):
            seen = chain(*(earlier.rows for earlier in pages[: at + 1]))
            other = clerk.again()
            self.shrink(other.stream, monkeypatch)
            before = {clerk.stream.external_id(row) for row in seen}
            rest = {clerk.stream.external_id(row) for row in other.rows(token=page.token)}
            every = {clerk.stream.external_id(row) for page in pages for row in page.rows}
            assert before | rest == every

    @needs("read", "create", "sample")
    def test_records_that_move_while_read_are_not_missed(
        self, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Others are edited, created and deleted between two pages."""
        made, other = self._own(clerk, 9), clerk.again()
        before = set(clerk.ids())
        self.shrink(clerk.stream, monkeypatch)
        pages = iter(clerk.pages())
        first = {clerk.stream.external_id(row) for row in next(pages).rows}
        clerk.stand.env.sleep(2)
        gone = self._move(other, sorted(first & set(made)), sorted(set(made) - first))
        rest = {clerk.stream.external_id(row) for page in pages for row in page.rows}
        assert before - gone <= first | rest, "a record that was there all the time was missed"

    def _move(self, clerk: Clerk, read: list[str], unread: list[str]) -> set[str]:
        """Change what was read and what was not; the ids that are gone."""
        if clerk.can.update is not None and (changed := self.edit(clerk)):
            for id_ in (*read[:1], *unread[:1]):
                clerk.update(id_, changed)
        clerk.create(50)
        gone = set(read[1:2] or unread[1:2]) if clerk.can.delete is not None else set()
        for id_ in gone:
            clerk.delete(id_)
        return gone

    @needs("read", "create", "update", "sample", "edit")
    def test_an_incremental_read_misses_nothing(self, clerk: Clerk) -> None:
        """What was changed and what was created since; the bound itself belongs to it."""
        old, new = clerk.create(1), []
        clerk.wait()
        since = clerk.stand.env.now()
        clerk.update(old[0], self.edit(clerk))
        new = clerk.create(2)
        clerk.wait()
        rows = clerk.again().rows(since=since)
        assert {*old, *new} <= {clerk.stream.external_id(row) for row in rows}
        if clerk.stream.cursor is not None:
            told = {clerk.stream.external_id(row): clerk.stream.updated_at(row) for row in rows}
            assert all(told[id_] is not None for id_ in (*old, *new)), "no time of change"

    @needs("read", "create", "sample", "http")
    def test_a_record_that_shows_late_is_read_by_the_overlap(self, clerk: Clerk, tmp_path: Path) -> None:
        """A create that the vendor's lists do not show yet is seen by the next read."""
        lag = min(10.0, clerk.stream.l_max)
        stand = self.build(tmp_path / "late", l_max=lag)
        late = type(clerk)(stand, stand.stream(clerk.stream.name), self.sample)
        [id_] = late.create(1)
        began = stand.env.now()
        first = late.ids(since=began - overlap_of(late.stream))
        stand.env.sleep(lag + 1)
        second = late.ids(since=began - overlap_of(late.stream))
        stand.close()
        assert id_ in {*first, *second}

    @needs("get", "create", "delete", "sample")
    def test_get_says_none_for_what_is_gone(self, clerk: Clerk) -> None:
        """Each asked id has an answer; a live record comes under its own id."""
        kept, gone = clerk.create(1, 2)
        clerk.delete(gone)
        clerk.wait()
        there, nothing = clerk.get(kept, gone)
        assert there is not None
        assert clerk.stream.external_id(there) == kept
        assert nothing is None or clerk.stream.is_deleted(nothing)

    @needs("get", "create", "merged", "sample", "http")
    def test_a_merged_id_leads_to_the_survivor(self, clerk: Clerk) -> None:
        """Links to either record can follow the merge."""
        winner, loser = clerk.create(1, 2)
        clerk.wait()
        self.merge(clerk.stand, clerk.stream, winner, loser)
        clerk.wait()
        one, two = clerk.get(winner, loser)
        assert one is not None
        assert two is not None
        assert clerk.stream.external_id(one) == clerk.stream.external_id(two)
        assert {winner, loser} & {*clerk.stream.merged_ids(one)}

    @needs("find", "create", "sample")
    def test_find_finds_by_every_declared_field(self, clerk: Clerk) -> None:
        """By our reference and by natural keys; nobody is found for what nobody has."""
        mine, other = clerk.create(1, 2)
        clerk.wait()
        sample, nobody = clerk.sample(1), clerk.sample(NOBODY)
        for field in clerk.stream.find_by:
            hub = field == "hub_id"
            assert hub or field in sample, f"the sample has no {field}: give it in `documents`"
            found = clerk.find(field, clerk.creating(1).hub_id if hub else str(sample[field]))
            assert mine in found, f"not found by {field}"
            assert other not in found, f"found somebody else by {field}"
            nothing = clerk.find(field, clerk.creating(NOBODY).hub_id if hub else str(nobody[field]))
            assert nothing == [], f"found somebody by a {field} that nobody has"

    def _own(self, clerk: Clerk, number: int) -> list[str]:
        """Create some records where the stream can; their ids."""
        try:
            numbers = range(1, number + 1)
            return clerk.again().create(*numbers) if clerk.can.create is not None else []
        finally:
            clerk.wait()
