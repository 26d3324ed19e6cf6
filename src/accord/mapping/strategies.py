"""Hypothesis strategies for canonical documents. Hypothesis is imported only when one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from accord.model import telephone, values
from accord.model.document import Canonical, validated
from accord.model.types import Leaf

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

CURRENCIES = ("EUR", "USD", "JPY", "KWD")
COUNTRIES = ("FR", "BE", "US", "JP", "BR")
LANGUAGES = ("fr", "fr-FR", "pt-BR", "en", "zh-Hant")
DOMAINS = ("example.com", "example.org", "example.net")


def documents(
    model: type[Canonical], *, money: tuple[str, ...] = CURRENCIES
) -> SearchStrategy[dict[str, Any]]:
    """Canonical documents of a model: any subset of its fields, nulls, nested collections.

    Args:
        model: The model.
        money: The currencies of all amounts in one document are drawn from these.
    """
    from hypothesis import strategies as st

    def of_currency(code: str) -> SearchStrategy[dict[str, Any]]:
        return _model(model, code).map(lambda document: validated(model, document))

    return st.sampled_from(money).flatmap(of_currency)


@cache
def _model(model: type[Canonical], currency: str) -> SearchStrategy[dict[str, Any]]:
    from hypothesis import strategies as st

    if model.wire is values.money:
        return _amounts(currency).map(lambda amount: {"amount": amount, "currency": currency})
    fields = {name: _value(info.rebuild_annotation(), currency) for name, info in model.model_fields.items()}
    if model.prepare is not None:
        # A contact point whose type demands a form of its value.
        fields = {"type": st.just("email"), "value": _leaf(values.email)}
    return st.fixed_dictionaries({}, optional=fields)


def _amounts(currency: str) -> SearchStrategy[str]:
    from hypothesis import strategies as st

    digits = values.minor_digits(currency)
    return st.decimals(min_value=-9999, max_value=99999, places=digits, allow_nan=False).map(str)


def _value(annotation: Any, currency: str) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    if get_origin(annotation) is Annotated:
        leaf = next(item for item in annotation.__metadata__ if isinstance(item, Leaf))
        return _leaf(leaf.wire, leaf.schema)
    if isinstance(annotation, type) and issubclass(annotation, Canonical):
        return _model(annotation, currency)
    inner = get_args(annotation)
    if get_origin(annotation) is dict:
        return st.dictionaries(_leaf(_wire(inner[0])), _value(inner[1], currency), max_size=3)
    return st.none() | _value(inner[0], currency)


def _wire(annotation: Any) -> Any:
    return next(item for item in annotation.__metadata__ if isinstance(item, Leaf)).wire


def _leaf(wire: Callable[[Any], Any], schema: dict[str, Any] | None = None) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    if schema and "enum" in schema:
        return st.none() | st.sampled_from([str(member) for member in schema["enum"]])
    known = _leaves().get(wire)
    if known is None:
        raise TypeError(f"no strategy for {wire}")
    return known if wire in (values.key, values.consent_key, values.suppression_key) else st.none() | known


@cache
def _leaves() -> dict[Callable[[Any], Any], SearchStrategy[Any]]:
    from datetime import UTC, date, datetime

    from hypothesis import strategies as st

    words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
    keys = st.text("abcdefghijklmnop.-_0123456789", min_size=1, max_size=6)
    names = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789_+-", min_size=1, max_size=8)
    numbers = st.integers(-(10**6), 10**6) | st.integers(-4000, 4000).map(lambda n: n / 8)
    scalars = (
        words
        | st.integers(-(2**53), 2**53)
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
    )
    moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
    purposes = st.sampled_from(("marketing.direct", "ads.audience_match", "service.support", "profiling"))
    channels = st.sampled_from(("email", "sms", "push", "ad_platform:meta"))
    return {
        values.text: words,
        values.key: keys,
        values.email: st.builds("{}@{}".format, names, st.sampled_from(DOMAINS)),
        telephone.phone: st.integers(0, 9_999_999).map(lambda n: f"+336{n:08d}"),
        values.country: st.sampled_from(COUNTRIES),
        values.currency: st.sampled_from(CURRENCIES),
        values.language: st.sampled_from(LANGUAGES),
        values.instant: moments.map(values.instant),
        values.day: st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(values.day),
        values.number: numbers,
        values.integer: st.integers(0, 10**6),
        values.truth: st.booleans(),
        values.tags: st.lists(words, max_size=4),
        values.scalar_or_list: scalars | st.lists(scalars, max_size=3),
        values.consent_key: st.builds("{}:{}".format, purposes, channels),
        values.suppression_key: st.builds(
            "{}:{}".format, channels, st.sampled_from(values.SUPPRESSION_REASONS)
        ),
        values.reference: keys.map(str) | st.builds(lambda key: {"ref": key}, keys),
    }
