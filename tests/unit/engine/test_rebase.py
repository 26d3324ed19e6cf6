from __future__ import annotations

from hashlib import sha256

import pytest

from accord.engine.rebase import rebase_of
from accord.mapping import Mapping, Via, both, write
from accord.mapping.declaration import Declaration, signature
from accord.store.rows import Baseline, StreamState

KEY = b"a key of this store"
FIRST = both("given_name", "first")


def mapping(given: Declaration) -> Mapping:
    return Mapping(both("email", "mail"), given)


def change(before: dict[str, str], now: Declaration) -> dict[str, int]:
    """How much each field changed, by what a store noted of another version of the mapping."""
    state = StreamState("birch", "contacts", baseline=Baseline("another version", before))
    rebase = rebase_of(state, mapping(now), KEY)
    assert rebase is not None
    return {cell: rebase.change(cell) for cell in ("email", "given_name")}


def older(of: Mapping) -> dict[str, str]:
    """What stores noted before converters had a place of their own: ``where-all``."""
    said = {".".join(d.canonical[0]): sha256(signature(d).encode()).hexdigest()[:16] for d in of.declarations}
    return {path: f"01234567-{digits}" for path, digits in said.items()}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (FIRST, 0),
        (write("given_name", "first"), 1),
        (both("given_name", "name"), 2),
        (both("given_name", "first", as_=Via(str.swapcase, str.swapcase)), 2),
    ],
)
def test_a_field_changed_as_far_as_its_place_and_form_did(now: Declaration, expected: int) -> None:
    assert change(dict(mapping(FIRST).signatures), now) == {"email": 0, "given_name": expected}


@pytest.mark.parametrize(("now", "expected"), [(FIRST, 0), (both("given_name", "name"), 2)])
def test_what_an_older_store_noted_of_a_field_that_is_as_it_was_is_no_change(
    now: Declaration, expected: int
) -> None:
    assert change(older(mapping(FIRST)), now) == {"email": 0, "given_name": expected}
