"""Money in the vendor's spelling: major or minor units, text or number, currency here or there."""

# ruff: noqa: ARG002  every converter takes the row or the document, few look at it

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import Any, Literal

from accord.mapping.converter import Converter
from accord.mapping.paths import Getter, getter, parse
from accord.model import values as canonical
from accord.model.cells import Kept
from accord.model.record import Document, Row


def _in_hundredths(unit: str) -> str:
    """The code of a currency with two decimals, as it is spelled canonically; empty for any other one."""
    code = canonical.currency(unit)
    return code if code is not None and canonical.minor_digits(code) == 2 else ""  # noqa: PLR2004


_HUNDREDTHS = Kept(_in_hundredths)


@dataclass(frozen=True)
class MoneyIn(Converter):
    """An amount whose currency is fixed, elsewhere in the row, or beside it.

    ``both("total", "total_price", as_=MoneyIn(currency_from="currency"))`` reads the currency from
    the row; ``both("total", ("total.amount", "total.currency_code"), as_=MoneyIn())`` reads and writes
    both. Amounts are never converted or rounded: one in another currency, or finer than the vendor's
    unit, is refused.

    Args:
        currency: The account's one currency.
        currency_from: Vendor path of the currency (``/currency`` inside ``each``).
        unit: ``major`` (12.50) or ``minor`` (1250) units.
        form: How the amount is written: ``text``, ``number`` (a float, or an integer in minor units).
        decimal: The decimal sign in text.
    """

    currency: str | None = None
    currency_from: str | None = None
    unit: Literal["major", "minor"] = "major"
    form: Literal["text", "number"] = "text"
    decimal: Literal[".", ","] = "."
    exact = True

    @property
    def context(self) -> tuple[str, ...]:
        """The currency's path."""
        return () if self.currency_from is None else (self.currency_from,)

    def read(self, value: Any, row: Row) -> dict[str, str] | None:
        """Canonical money."""
        if type(value) is str and self._usual and canonical.plain_amount(value) is not None:
            unit = self._currency(row)
            if type(unit) is str and (usual := _HUNDREDTHS[unit]):
                return {"amount": value, "currency": usual}
        paired = isinstance(value, tuple)
        given = value[0] if paired else value
        if given is None or given == "":
            return None
        code = canonical.currency(value[1] if paired else self._currency(row))
        if code is None:
            raise canonical.UnfitError("an amount without a currency")
        if type(given) is str:
            return {"amount": _amount_of_text(given, code, self.unit, self.decimal), "currency": code}
        return {"amount": _amount_of(given, code, self.unit, self.decimal), "currency": code}

    @cached_property
    def _usual(self) -> bool:
        return self.unit == "major" and self.decimal == "."

    def _currency(self, row: Row) -> Any:
        if self.currency_from is None:
            return self.currency
        return self._currency_getter(row) or self.currency

    @cached_property
    def _currency_getter(self) -> Getter:
        return getter(parse(self.currency_from or ""))

    def write(self, value: Any, document: Document) -> Any:
        """The vendor's amount, or (amount, currency) for a pair of paths."""
        code = value["currency"]
        self._refuse_other_currency(code, document)
        return _written(value["amount"], code, self.unit, self.form, self.decimal)

    def pair(self, value: Any, document: Document) -> tuple[Any, Any]:
        """Amount and currency, for a declaration with two vendor paths."""
        code = value["currency"]
        return _written(value["amount"], code, self.unit, self.form, self.decimal), code

    def _refuse_other_currency(self, code: str, document: Document) -> None:
        stated = self.currency
        if self.currency_from is not None:
            root = document.get("/", document)
            stated = root.get("currency") or stated
        if stated is not None and stated != code:
            raise canonical.UnfitError("the amount is in another currency than the vendor's record")


def _amount_of(given: Any, code: str, unit: str, decimal: str) -> str:
    """Canonical decimal text of a vendor's amount."""
    digits = canonical.minor_digits(code)
    found = _exactly(given, decimal)
    return canonical.amount(found.scaleb(-digits) if unit == "minor" else found, digits)


_amount_of_text = lru_cache(canonical.RECENT)(_amount_of)


def _exactly(given: Any, decimal: str) -> Decimal:
    if isinstance(given, bool) or not isinstance(given, (str, int, float, Decimal)):
        raise canonical.UnfitError("not an amount")
    # A float's shortest text is what the vendor's JSON said.
    text = repr(given) if isinstance(given, float) else str(given).strip()
    if decimal == ",":
        text = text.replace(".", "").replace(",", ".") if "," in text else text
    try:
        return Decimal(text.replace(" ", "").replace("\N{NO-BREAK SPACE}", ""))
    except InvalidOperation:
        raise canonical.UnfitError("not an amount") from None


@lru_cache(canonical.RECENT)
def _written(exact: str, code: str, unit: str, form: str, decimal: str) -> str | int | float:
    """The vendor's form of canonical decimal text."""
    amount = Decimal(exact)
    if unit == "minor":
        minor = amount.scaleb(canonical.minor_digits(code))
        if minor != minor.to_integral_value():
            raise canonical.UnfitError("the amount is finer than the vendor's smallest unit")
        return str(int(minor)) if form == "text" else int(minor)
    if form == "number":
        return float(amount)
    return f"{amount:f}".replace(".", decimal)
