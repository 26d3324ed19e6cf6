from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import MappingError
from accord.mapping import strategies
from accord.model import MODELS, Canonical, explode, validated
from accord.model.checks import checker

quick = settings(max_examples=200)
any_model = st.sampled_from(list(MODELS.values()))
words = ("", " ", "x", " x ", "\x00", "\ud800", "FR", "EUR", "a@example.com", "+33612345678", "en-us", "open")
scalars = st.sampled_from(
    [*words, None, 0, -1, 1.5, 2**70, True, False, "2026-01-31T12:00:00+01:00", "2026-01-31", float("inf")]
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "", "amount"]), inner),
    max_leaves=4,
)


def places(held: Any) -> list[tuple[Any, Any]]:
    """Every place in a nested value where another value could stand."""
    steps = held.items() if isinstance(held, dict) else enumerate(held) if isinstance(held, list) else ()
    found: list[tuple[Any, Any]] = []
    for step, value in steps:
        found += [(held, step), *places(value)]
    return found


@st.composite
def spoiled(draw: st.DrawFn, model: type[Canonical]) -> dict[str, Any]:
    """A document of which a few values, at any depth, were replaced by others, and maybe a field added."""
    document: dict[str, Any] = draw(strategies.documents(model))
    for _ in range(draw(st.integers(0, 3))):
        if found := places(document):
            held, step = draw(st.sampled_from(found))
            held[step] = draw(junk)
    if draw(st.integers(0, 9)) == 0:
        document["shoe"] = draw(junk)
    return document


@quick
@given(any_model.flatmap(lambda model: st.tuples(st.just(model), strategies.documents(model))))
def test_checked_cells_are_those_of_the_validated_document(drawn: tuple[type[Canonical], Any]) -> None:
    model, document = drawn
    assert checker(model)(document) == explode(model, validated(model, document))


@quick
@given(any_model.flatmap(lambda model: st.tuples(st.just(model), spoiled(model))))
def test_what_one_way_refuses_the_other_refuses_too(drawn: tuple[type[Canonical], Any]) -> None:
    model, document = drawn
    try:
        wanted = explode(model, validated(model, document))
    except (MappingError, TypeError):
        wanted = None
    try:
        found = checker(model)(document)
    except Exception:  # noqa: BLE001  any exception sends a record the other way
        found = None
    assert found == wanted
