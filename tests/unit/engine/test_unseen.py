from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from accord.engine import unseen
from accord.store.rows import Link

digests = st.none() | st.binary(min_size=16, max_size=16)
cells = st.frozensets(st.sampled_from(("email", "given_name", "tags.vip", "addresses.home")), max_size=4)


def link(row_digest: bytes | None) -> Link:
    return Link("birch", "contacts", "b1", "e", row_digest=row_digest)


@given(digests, st.lists(cells, min_size=1, max_size=3))
def test_unseen_writes_keep_the_row_before_them_and_every_cell_they_carried(
    before: bytes | None, writes: list[frozenset[str]]
) -> None:
    written = link(before)
    for carried in writes:
        unseen.note(written, carried)
    assert unseen.carried_by(written) == frozenset().union(*writes)
    assert unseen.is_row_before(written, before)
    assert not unseen.is_row_before(written, b"another row")


@given(digests)
def test_a_record_seen_since_has_nothing_unseen(row_digest: bytes | None) -> None:
    assert unseen.carried_by(link(row_digest)) == frozenset()
    assert not unseen.is_row_before(link(row_digest), row_digest)


@given(digests)
def test_an_older_store_names_no_cells_so_each_that_the_record_holds_may_be_unseen(
    before: bytes | None,
) -> None:
    written = link(b"unseen:" + (before or b""))
    written.shadow.seen = {"email": b"8 bytes."}
    assert unseen.is_row_before(written, before)
    assert unseen.carried_by(written) == {"email"}
    unseen.note(written, ["given_name"])
    assert unseen.carried_by(written) == {"email", "given_name"}
    assert unseen.is_row_before(written, before)
