"""What a visitor allowed when an event happened, as the browser told it with the event (consent.md 2.5).

Such a snapshot only ever takes away: what it allows the person's own log must allow too. Which of a
framework's words stand for which purpose is data of the policy; a word it does not know is a no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any

import pydantic
from pydantic import Field

from accord.consent.part import Part, Reviewed
from accord.consent.purposes import PURPOSES, needs_grant
from accord.consent.strings.bits import MalformedError

CAPTURED = ("analytics.*", "ads.conversion_measurement")
GOOGLE = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
"""The keys of Google's consent mode (support.google.com/tagmanager/answer/13802165)."""
GRANTED = "granted"
SKEW = 300.0
"""Seconds by which a browser's clock may be ahead. TCF strings tell their day only, rounded down."""

Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a snapshot.

    Attributes:
        purpose: What the event is forwarded for.
        destination: The connection it goes to.
        channel: The channel of the flow there.
        country: ISO code of the person's country; None = unknown.
        at: When the event happened, seconds since 1970.
    """

    purpose: str
    destination: str
    channel: str
    country: str | None
    at: float


class TcfTerms(Reviewed):
    """How a TC string is understood.

    Attributes:
        purposes: By purpose the TCF purposes that must all have consent.
        vendors: By connection, or by channel, the recipient's id in the Global Vendor List.
    """

    purposes: dict[str, Annotated[tuple[int, ...], Field(min_length=1)]] = Field(default_factory=dict)
    vendors: dict[str, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)

    @pydantic.field_validator("purposes")
    @classmethod
    def _known(cls, purposes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        _check_purposes(purposes)
        return purposes


class GoogleTerms(Reviewed):
    """How Google's consent mode is understood: by purpose the keys that must all be granted."""

    purposes: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)

    @pydantic.field_validator("purposes")
    @classmethod
    def _known(cls, purposes: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for keys in purposes.values():
            for key in keys:
                if key not in GOOGLE:
                    raise ValueError(f"consent mode has no key {key!r}; keys are {', '.join(GOOGLE)}")
        _check_purposes(purposes)
        return purposes


class GppTerms(Reviewed):
    """Which section of a GPP string speaks for a person.

    Attributes:
        tcf_countries: Countries for which section 2, the TCF, counts. Other countries' sections are not
            understood, so that they allow nothing. Somebody of an unknown country is judged by the TCF too.
    """

    tcf_countries: tuple[Country, ...] = ()


def _check_purposes(names: Iterable[str]) -> None:
    for name in names:
        if name not in PURPOSES or not needs_grant(name):
            raise ValueError(f"no purpose that needs a grant is called {name!r}")


class Capture(Part):
    """Events that need the permission of the moment at which they happened.

    Attributes:
        purposes: Names or patterns of the purposes that forward events.
    """

    purposes: tuple[str, ...] = CAPTURED
    tcf: TcfTerms | None = None
    gpp: GppTerms | None = None
    google: GoogleTerms | None = None

    @pydantic.field_validator("purposes")
    @classmethod
    def _names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not any(fnmatchcase(one, name) for one in PURPOSES if needs_grant(one)):
                raise ValueError(f"no purpose that needs a grant is called {name!r}")
        return names

    def concerns(self, purpose: str) -> bool:
        """Whether a purpose forwards events."""
        return any(fnmatchcase(purpose, name) for name in self.purposes)

    def reviewed(self) -> Iterator[tuple[str, Reviewed]]:
        """The parts that somebody answers for, by name."""
        for name, part in (("tcf", self.tcf), ("gpp", self.gpp), ("google", self.google)):
            if part is not None:
                yield name, part

    def refusal(self, snapshot: Mapping[str, Any], asked: Asked) -> str:
        """Why an event may not be forwarded by what came with it; "" where nothing speaks against it.

        Whatever the snapshot holds must allow it; what it does not hold says nothing.

        Args:
            snapshot: ``tcf``, ``gpp`` and the keys of :data:`GOOGLE`, as the source showed them.
            asked: What for, where to, whose.
        """
        if any(snapshot.get(key) for key in GOOGLE) and (said := self._google(snapshot, asked.purpose)):
            return said
        try:
            if text := snapshot.get("gpp"):
                text = self._section(str(text), asked.country)
                if said := self._tcf(text, asked):
                    return said
            text = snapshot.get("tcf")
            return self._tcf(str(text), asked) if text else ""
        except MalformedError as error:
            return f"snapshot_unreadable_{error}"

    def _google(self, snapshot: Mapping[str, Any], purpose: str) -> str:
        keys = self.google.purposes.get(purpose) if self.google is not None else None
        if keys is None:
            return "consent_mode_not_mapped"
        refused = [key for key in keys if str(snapshot.get(key) or "").strip().lower() != GRANTED]
        return f"consent_mode_{refused[0]}" if refused else ""

    def _section(self, text: str, country: str | None) -> str:
        """The section of a GPP string that speaks for somebody of a country."""
        from accord.consent.strings import gpp

        ours = self.gpp is not None and (country is None or country in self.gpp.tcf_countries)
        section = gpp.sections(text).get(gpp.TCF_EU) if ours else None
        if section is None:
            raise MalformedError("gpp_section")
        return section

    def _tcf(self, text: str, asked: Asked) -> str:
        from accord.consent.strings import tcf

        known = tcf.decode(text)
        wanted = self.tcf.purposes.get(asked.purpose) if self.tcf is not None else None
        if self.tcf is None or wanted is None:
            return "tcf_not_mapped"
        vendors = self.tcf.vendors
        vendor = vendors.get(asked.destination) or vendors.get(asked.channel)
        if vendor is None:
            return "tcf_vendor_unknown"
        if known.updated > asked.at + SKEW:
            return "tcf_later_than_the_event"
        return known.refusal(wanted, vendor)
