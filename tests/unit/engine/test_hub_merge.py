from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accord.engine import hub
from accord.engine.flow import Flow
from accord.model import Customer
from accord.store.rows import Entity, Stamp

FLOW = Flow("customers", Customer, "customer", [])
CONSENT = "consents.marketing.direct:email"
CELLS = ("given_name", "family_name", "company")
CLOSED = ("withdrawn", "expired", "not_applicable")

consents: st.SearchStrategy[dict[str, str] | None] = st.one_of(
    st.none(), st.builds(dict, state=st.sampled_from(("granted", "withdrawn", "expired", "pending")))
)
people = st.fixed_dictionaries(
    {cell: st.sampled_from((None, "one", "two")) for cell in CELLS} | {CONSENT: consents},
)
times = st.floats(1, 9)


def entity(id_: str, cells: dict[str, Any], time: float) -> Entity:
    return Entity(id_, "customer", dict(cells), Stamp(1, f"{id_}/contacts", time, id_), 1)


def merged(one: dict[str, Any], at: float, other: dict[str, Any], then: float) -> tuple[dict[str, Any], ...]:
    survivor, loser = entity("one", one, at), entity("two", other, then)
    hub._merge_cells(FLOW, survivor, loser, "operator", ())
    back, lost = entity("two", other, then), entity("one", one, at)
    hub._merge_cells(FLOW, back, lost, "operator", ())
    return survivor.cells, back.cells


@given(people, times, people, times)
def test_no_blank_hides_a_value(one: dict[str, Any], at: float, other: dict[str, Any], then: float) -> None:
    cells, _ = merged(one, at, other, then)
    assert all(cells[cell] is not None for cell in CELLS if one[cell] or other[cell])


@given(people, times, people, times)
def test_every_value_comes_from_one_of_the_two(
    one: dict[str, Any], at: float, other: dict[str, Any], then: float
) -> None:
    cells, _ = merged(one, at, other, then)
    assert all(cells[cell] in (one[cell], other[cell]) for cell in CELLS)


@given(people, times, people, times)
def test_it_does_not_matter_which_one_survives(
    one: dict[str, Any], at: float, other: dict[str, Any], then: float
) -> None:
    cells, back = merged(one, at, other, then)
    assert {cell: cells[cell] for cell in CELLS} == {cell: back[cell] for cell in CELLS}


@given(people, times, people, times)
def test_merged_consent_is_never_more_permissive(
    one: dict[str, Any], at: float, other: dict[str, Any], then: float
) -> None:
    for cells in merged(one, at, other, then):
        closed = [c[CONSENT] for c in (one, other) if c[CONSENT] and c[CONSENT]["state"] in CLOSED]
        assert not closed or cells[CONSENT]["state"] in CLOSED
