"""One field of one platform: how its text is brought into the platform's form, and hashed."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from accord.model.values import UnfitError, text

Rule = Callable[[str, str | None], str]
"""A platform's rule: composed, trimmed text and the record's country (ISO 3166-1 alpha-2) to its form."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Hashed:
    """A value that a source holds only as a SHA-256 digest.

    The type says so. 64 hexadecimal digits in a text field are text: whoever guesses will one day pass on
    a clear value as it is, or hash a hash.

    Attributes:
        digest: 64 hexadecimal digits, lower case.

    Raises:
        UnfitError: it is no such digest.
    """

    digest: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.digest):
            raise UnfitError("a pre-hashed value is a SHA-256 digest in 64 lower-case hexadecimal digits")


@dataclass(frozen=True, slots=True)
class Identifier:
    """One value as it leaves, and which normaliser made it.

    Attributes:
        value: The digest, or the normalised text where the platform wants it clear.
        normaliser: ``platform/field/version``; the version is ``given`` for a value that came hashed.
    """

    value: str
    normaliser: str


@dataclass(frozen=True, slots=True)
class Normaliser:
    """How one field of one platform is written. Changing a rule means a new version.

    Attributes:
        platform: ``google``, ``meta``, ``pinterest``, ``tiktok``.
        field: The platform's own name of the field.
        version: Counts the changes of the rule.
        rule: The platform's rule, after the steps that all platforms share.
        hashed: Whether the value leaves as a digest.
    """

    platform: str
    field: str
    version: int
    rule: Rule
    hashed: bool = True

    @property
    def name(self) -> str:
        """``platform/field/version``, as the send ledger keeps it."""
        return f"{self.platform}/{self.field}/{self.version}"

    def normalise(self, value: str, country: str | None = None) -> str:
        """The value in the platform's form, not yet hashed.

        Args:
            value: As the record has it.
            country: The record's own country (ISO 3166-1 alpha-2). There is no default: a telephone
                number in national spelling without it identifies nobody.

        Raises:
            UnfitError: nothing is left of it, it does not fit the field, or it is an address that a
                marketplace or mail service lends.
        """
        cleaned = text(value)
        if cleaned is None:
            raise UnfitError("empty")
        code = country.strip().upper() if country else None
        found = _composed(self.rule(_composed(cleaned), code or None))
        if not any(letter.isalnum() for letter in found):
            raise UnfitError("empty after normalisation")
        return found

    def identify(self, value: str | Hashed, country: str | None = None) -> Identifier:
        """The value as it leaves; see :meth:`normalise`.

        Raises:
            UnfitError: as :meth:`normalise`; also for a digest where the platform wants clear text.
        """
        if isinstance(value, Hashed):
            if not self.hashed:
                raise UnfitError("the platform wants this field in clear text, not hashed")
            return Identifier(value.digest, f"{self.platform}/{self.field}/given")
        found = self.normalise(value, country)
        return Identifier(sha256(found) if self.hashed else found, self.name)


def sha256(value: str) -> str:
    """The SHA-256 digest of text in UTF-8, in lower-case hexadecimal, as all four platforms take it."""
    return hashlib.sha256(value.encode()).hexdigest()


def _composed(value: str) -> str:
    """NFC: an e with a combining accent and an é are one letter."""
    return unicodedata.normalize("NFC", value)
