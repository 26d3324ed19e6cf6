"""What shadows remember of values: the same whichever way it is asked for, and however often."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accord.engine.digests import Digests
from accord.model.cells import digest, pruned

KEY = b"a key"
WORDS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["", "null", "{}", "x" * 300])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.dictionaries(WORDS, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), VALUES))
def test_a_record_has_the_digests_of_its_values_without_the_empty_ones(cells: dict[str, Any]) -> None:
    told = {cell: digest(value, KEY) for cell, value in cells.items() if pruned(value) is not None}
    kept = Digests(KEY)
    assert kept.of(cells) == told
    assert kept.of(cells) == told
    assert {cell: found for cell, value in cells.items() if (found := kept(value)) is not None} == told
