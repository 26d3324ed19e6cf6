"""Which test of the suite concerns which stream: a test names what a stream must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from accord.connector import Deletes
from accord.model.record import Verb
from accord.testing import samples

if TYPE_CHECKING:
    from accord.connector import Stream

Test = TypeVar("Test", bound=Callable[..., Any])
OPERATIONS = ("read", "get", "find", "create", "update", "delete", *Verb)


def needs(*facts: str) -> Callable[[Test], Test]:
    """The test runs for every stream that has all these facts, see :func:`facts_of`; for no other."""

    def mark(test: Test) -> Test:
        test.needs = frozenset(facts)  # type: ignore[attr-defined]  # functions take attributes
        return test

    return mark


def needs_of(test: Any) -> frozenset[str] | None:
    """The facts a test needs of a stream; None = it is not about single streams."""
    found: frozenset[str] | None = getattr(test, "needs", None)
    return found


def facts_of(stream: Stream, *, http: bool) -> frozenset[str]:
    """What is true of a stream, in words.

    The names of its operations; ``batch`` (creates go out several at a time); ``etag``, ``reference``,
    ``merged``, ``feed`` and ``scan`` as declared; ``person`` (a record is a person); ``sample`` and ``edit``
    (the kit knows such a record); ``http`` (its vendor is a sandbox); ``consents`` (its mapping shows what
    people permit). The suite adds ``refused``.
    """
    return frozenset(_facts(stream, http=http))


def _facts(stream: Stream, *, http: bool) -> Iterator[str]:
    can = stream.operations
    yield from (str(name) for name in OPERATIONS if getattr(can, name) is not None)
    yield from (name for name in ("etag", "reference", "merged") if getattr(stream, name) is not None)
    if can.sizes.get("create", 1) > 1:
        yield "batch"
    if stream.deletes in (Deletes.FEED, Deletes.FLAG):
        yield "feed"
    if stream.deletes is Deletes.SCAN:
        yield "scan"
    if stream.subject == "self":
        yield "person"
    if stream.model in samples.SAMPLES:
        yield "sample"
    if "consents" in stream.mapping.readable_fields:
        yield "consents"
    if samples.edit(stream, 1):
        yield "edit"
    if http:
        yield "http"
