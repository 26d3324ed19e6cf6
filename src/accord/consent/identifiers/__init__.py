"""Under which identifiers a person is told to an ad platform: normalised by its rules, then hashed.

A hash is a pseudonym, not anonymity: it needs the same permission as the clear value (consent.md 0.8). Every
normaliser has a version, ``platform/field/version``, which the send ledger records beside what was sent:
a removal replays those identifiers and recomputes nothing.

>>> META.identify({"em": " Jean.Dupont+promo@Gmail.com "}).ledger()["normaliser"]
'meta/em/1'
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from accord.consent.identifiers.google import GOOGLE
from accord.consent.identifiers.meta import META
from accord.consent.identifiers.normaliser import Hashed, Identifier, Normaliser, sha256
from accord.consent.identifiers.pinterest import PINTEREST
from accord.consent.identifiers.platform import Identified, Platform, home_country
from accord.consent.identifiers.tiktok import TIKTOK

PLATFORMS: Final[Mapping[str, Platform]] = MappingProxyType(
    {platform.name: platform for platform in (GOOGLE, META, PINTEREST, TIKTOK)}
)
"""The platforms by name."""

__all__ = [
    "GOOGLE",
    "META",
    "PINTEREST",
    "PLATFORMS",
    "TIKTOK",
    "Hashed",
    "Identified",
    "Identifier",
    "Normaliser",
    "Platform",
    "home_country",
    "sha256",
]
