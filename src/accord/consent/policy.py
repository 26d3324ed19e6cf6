"""The consent policy: which bases are lawful for which purpose, as data with an owner and a review date.

The shipped one (``policies/fr.toml``) can be read, copied, replaced and tested; nothing of it is code.
"""

from __future__ import annotations

import tomllib
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from accord.consent.capture import Capture
from accord.consent.part import Part, Reviewed
from accord.consent.purposes import PURPOSES, needs_grant
from accord.errors import ConfigError

DAY = 86_400.0
Basis = Literal["consent", "soft_opt_in", "legitimate_interest_b2b"]
ELSEWHERE = "ZZ"
"""Stands for every country that no rule names (ISO 3166-1 keeps ZZ for users)."""


class Signals(Part):
    """How signals are compared (consent.md 1.4)."""

    tie_minutes: Annotated[float, Field(ge=0)] = 5
    clamp_minutes: Annotated[float, Field(ge=0)] = 5
    confirmation_days: Annotated[float, Field(gt=0)] = 30
    withdrawals_bind: Literal["person", "address"] = "person"


class Revocation(Part):
    """Hours within which a withdrawal has reached every destination, before somebody is alerted."""

    direct_marketing_hours: Annotated[float, Field(gt=0)] = 24
    audience_hours: Annotated[float, Field(gt=0)] = 48


class Minors(Reviewed):
    """Who is too young for what."""

    parental_below: Annotated[int, Field(ge=0)] = 15
    no_ads_below: Annotated[int, Field(ge=0)] = 18
    birth_date_collected: bool = False


class Business(Part):
    """The canonical cell that tells a business contact."""

    field: str = ""


class Marketplace(Reviewed):
    """Address patterns that marketplaces lend, beside what their connectors declare."""

    relay_domains: tuple[str, ...] = ()


class Transactional(Part):
    """What a flow that is declared transactional may not carry."""

    within_days: Annotated[float, Field(gt=0)] = 30
    blocks: tuple[str, ...] = ()


class Destinations(Part):
    """Signed processor contracts by connection."""

    contracts_required: bool = False
    contracts: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)


class Objections(Reviewed):
    """How long the hashed list of objections is kept."""

    keep_months: Annotated[int, Field(ge=1)] = 36


class Rule(Reviewed):
    """Which bases are lawful for some purposes, on some channels, for some people.

    Attributes:
        purposes: Names, or patterns such as ``ads.*``.
        countries: ISO codes, or ``*``.
        audience: ``consumer``, ``business`` or ``*``.
        bases: What may allow; none = never.
        double_opt_in: Whether a grant counts only once it was confirmed.
        requires: Further purposes that must be granted on the same channel.
        recipient_named: Whether the notice must name the recipient.
    """

    id: Annotated[str, Field(min_length=1)]
    purposes: Annotated[tuple[str, ...], Field(min_length=1)]
    channels: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    countries: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    audience: Literal["consumer", "business", "*"] = "*"
    bases: tuple[Basis, ...]
    double_opt_in: bool = False
    requires: tuple[str, ...] = ()
    recipient_named: bool = False

    @pydantic.field_validator("purposes", "requires")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            found = [one for one in PURPOSES if fnmatchcase(one, name)]
            if not found:
                raise ValueError(f"no purpose is called {name!r}")
            if not all(map(needs_grant, found)):
                raise ValueError(f"{name!r} includes a service or a duty, which need no consent rule")
        return names

    def concerns(self, purpose: str, channel: str) -> bool:
        """Whether the rule is about this purpose on this channel."""
        platform = channel.partition(":")[0]
        by_channel = any(fnmatchcase(channel, one) or one == platform for one in self.channels)
        return by_channel and any(fnmatchcase(purpose, one) for one in self.purposes)

    def is_for(self, country: str, *, business: bool) -> bool:
        """Whether the rule is about somebody of this country."""
        audience = self.audience == "*" or (self.audience == "business") is business
        return audience and ("*" in self.countries or country in self.countries)


class Retention(Reviewed):
    """How long a purpose lasts after the person was last in touch.

    Attributes:
        counts: Kinds of contact by the person that begin the time anew.
        renewals: How often the person may be asked to renew.
    """

    purpose: str
    months: Annotated[int, Field(ge=1)]
    counts: tuple[str, ...] = ("order", "login", "click", "reply")
    renewals: Annotated[int, Field(ge=0)] = 1


class Ruling(Part):
    """What the policy says of one purpose, channel and person.

    Attributes:
        id: The rule (or rules, for an unknown country) that say it; part of every decision's account.
    """

    id: str
    bases: frozenset[str] = frozenset()
    double_opt_in: bool = False
    requires: tuple[str, ...] = ()
    recipient_named: bool = False


NO_RULE = Ruling(id="no_rule")


class Policy(Reviewed):
    """A whole policy file."""

    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]
    signals: Signals = Signals()
    revocation: Revocation = Revocation()
    minors: Minors
    business: Business = Business()
    marketplace: Marketplace
    transactional: Transactional = Transactional()
    destinations: Destinations = Destinations()
    objections: Objections
    capture: Capture = Capture()
    rules: tuple[Rule, ...] = ()
    retention: tuple[Retention, ...] = ()

    @property
    def reference(self) -> str:
        """``name@version``, as decisions name it."""
        return f"{self.name}@{self.version}"

    @property
    def tie_seconds(self) -> float:
        """Two clocks' acts closer than this are a tie."""
        return self.signals.tie_minutes * 60

    @property
    def clamp_seconds(self) -> float:
        """How far in the future a grant may be dated."""
        return self.signals.clamp_minutes * 60

    @property
    def confirmation_seconds(self) -> float:
        """How long a double opt-in may wait for its click."""
        return self.signals.confirmation_days * DAY

    @property
    def binds_person(self) -> bool:
        """Whether a withdrawal at one address closes the channel for the person."""
        return self.signals.withdrawals_bind == "person"

    def ruling(self, purpose: str, channel: str, country: str | None, *, business: bool = False) -> Ruling:
        """What is lawful: the first rule that fits; for an unknown country what all countries allow."""
        return self._ruling(purpose, channel, country, business)

    @cached_property
    def _rulings(self) -> dict[tuple[str, str, str | None, bool], Ruling]:
        return {}

    def _ruling(self, purpose: str, channel: str, country: str | None, business: bool) -> Ruling:  # noqa: FBT001  a key
        key = (purpose, channel, country, business)
        found = self._rulings.get(key)
        if found is None:
            rules = [one for one in self.rules if one.concerns(purpose, channel)]
            countries = [country] if country is not None else [*self._countries, ELSEWHERE]
            firsts = [
                next((one for one in rules if one.is_for(place, business=business)), None)
                for place in countries
            ]
            found = self._rulings[key] = _strictest(firsts)
        return found

    @cached_property
    def _countries(self) -> list[str]:
        return sorted({place for rule in self.rules for place in rule.countries if place != "*"})

    def demands_confirmation(self, purpose: str, channel: str) -> bool:
        """Whether any rule wants grants of this purpose on this channel confirmed."""
        return self.ruling(purpose, channel, None).double_opt_in

    def hours_to_revoke(self, purpose: str) -> float:
        """Hours until a revocation that is not confirmed alerts somebody."""
        ads = purpose.startswith("ads.")
        return self.revocation.audience_hours if ads else self.revocation.direct_marketing_hours

    def is_relay(self, address: str) -> bool:
        """Whether an e-mail address looks lent by a marketplace."""
        return _matches(address.rpartition("@")[2].lower(), self.marketplace.relay_domains)

    def overdue(self, today: date) -> list[str]:
        """The parts whose review date has passed, with their owner, for people."""
        parts: list[tuple[str, Reviewed]] = [("the policy", self), ("minors", self.minors)]
        parts += [("marketplace", self.marketplace), ("objections", self.objections)]
        parts += [(f"rule {rule.id}", rule) for rule in self.rules]
        parts += [(f"retention of {one.purpose}", one) for one in self.retention]
        parts += [(f"capture.{name}", one) for name, one in self.capture.reviewed()]
        return [
            f"{name} was to be reviewed by {part.review_by.isoformat()} ({part.owner})"
            for name, part in parts
            if part.review_by < today
        ]


@lru_cache(1_024)
def _matches(domain: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(domain, one) for one in patterns)


def _strictest(found: list[Rule | None]) -> Ruling:
    """What every one of these rules allows, with all that any of them demands; no rule allows nothing."""
    rules = [rule for rule in dict.fromkeys(found) if rule is not None]
    if not rules or None in found:
        return NO_RULE
    allowed = set(rules[0].bases).intersection(*(rule.bases for rule in rules))
    return Ruling(
        id="+".join(rule.id for rule in rules),
        bases=frozenset(allowed),
        double_opt_in=any(rule.double_opt_in for rule in rules),
        requires=tuple(dict.fromkeys(name for rule in rules for name in rule.requires)),
        recipient_named=any(rule.recipient_named for rule in rules),
    )


@cache
def shipped(name: str = "fr") -> Policy:
    """A policy that comes with Accord."""
    text = (files("accord.consent") / "policies" / f"{name}.toml").read_text(encoding="utf-8")
    return parse(text, f"policies/{name}.toml")


def load(path: Path) -> Policy:
    """The policy of a file.

    Raises:
        ConfigError: the file is missing or wrong; without a policy nothing but services is allowed, so Accord
            does not start.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the consent policy {path} cannot be read ({type(error).__name__})",
            hint="Let `policy` under [consent] in accord.toml name a readable file, or leave it out.",
            facts={"file": str(path), "key": "consent.policy"},
        ) from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Policy:
    """A policy from its text.

    Raises:
        ConfigError: it is no TOML, or not a policy; every mistake is named.
    """
    try:
        return Policy.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        told = [str(error)]
    except pydantic.ValidationError as error:
        told = [_told(each) for each in error.errors(include_url=False, include_input=False)]
    raise ConfigError(
        "\n".join(f"{name}: {each}" for each in told),
        hint="Correct the consent policy; the shipped one (accord/consent/policies/fr.toml) has every key.",
        facts={"file": name, "key": "consent.policy"},
    )


def _told(each: Any) -> str:
    place = ".".join(str(part) for part in each["loc"])
    return f"{place}: {each['msg']}" if place else str(each["msg"])
