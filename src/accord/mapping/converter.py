"""What a converter is: a small frozen object that turns one value from the vendor's spelling and back.

A converter's ``read`` gets the vendor's value (never null or empty text, unless ``takes_empty``) and
the row it stands in; ``write`` gets the canonical value and the document. Both raise
:class:`~accord.model.values.UnfitError` in words that do not repeat the value; of any other error only
the class is shown. ``project`` is the canonical value in the form in which the vendor will show it
again, which by default is read(write(value)).
"""

# ruff: noqa: ARG002  every converter takes the row or the document, few look at it

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from accord.errors import SetupError
from accord.model.record import Document, Row


class Converter:
    """The base of all converters.

    Attributes:
        lossy: The vendor's form holds less than the canonical value.
        identity: Neither direction changes anything.
        exact: What was written is read back as it was, for every canonical value.
        takes_empty: ``read`` wants to see null and empty text too.
    """

    lossy: bool = False
    identity: ClassVar[bool] = False
    exact: bool = False
    takes_empty: bool = False

    @property
    def plain(self) -> Callable[[Any], Any] | None:
        """The function of the value alone that ``read`` is, where it looks at no row."""
        return None

    @property
    def context(self) -> tuple[str, ...]:
        """Further vendor paths that ``read`` looks at."""
        return ()

    def read(self, value: Any, row: Row) -> Any:
        """Vendor value to canonical value."""
        return value

    def write(self, value: Any, document: Document) -> Any:
        """Canonical value to vendor value."""
        return value

    def project(self, value: Any, document: Document) -> Any:
        """The canonical value as the vendor will show it again."""
        return value if self.exact else self.read(self.write(value, document), {})


@dataclass(frozen=True)
class Identity(Converter):
    """The same on both sides; the model normalises what is read."""

    identity: ClassVar[bool] = True
    exact = True


@dataclass(frozen=True)
class Via(Converter):
    """A converter from two functions; without ``write`` it can only be used with ``read(...)``."""

    reader: Callable[[Any], Any]
    writer: Callable[[Any], Any] | None = None
    lossy: bool = False

    @property
    def plain(self) -> Callable[[Any], Any] | None:
        """The function."""
        return self.reader if type(self).read is Via.read else None

    def read(self, value: Any, row: Row) -> Any:
        """What the function says."""
        return self.reader(value)

    def write(self, value: Any, document: Document) -> Any:
        """What the other function says."""
        if self.writer is None:
            raise SetupError("Via(...) without a writer cannot write")
        return self.writer(value)
