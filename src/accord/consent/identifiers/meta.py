"""Meta: custom audiences and the Conversions API share one set of rules.

Source:
developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/customer-information-parameters
(January 2026). Letters with accents are kept, in UTF-8; Meta's Python SDK leaves the punctuation of
names, and two open connectors drop accented letters from towns: neither is the rule.

There is no normaliser for the birth date: it never leaves for an ad platform (consent.md 2.2). What names
a machine, a browser or a click (``client_ip_address``, ``client_user_agent``, ``fbc``, ``fbp``) is
neither hashed nor normalised, so it has none either.
"""

from __future__ import annotations

from typing import Final

from accord.consent.identifiers import rules
from accord.consent.identifiers.platform import Platform, platform

US_DIGITS: Final = 5


def postal_code(value: str, country: str | None = None) -> str:
    """Lower case, neither spaces nor dashes; in the United States the first five digits."""
    found = rules.joined(value)
    return found[:US_DIGITS] if country == "US" else found


META: Final[Platform] = platform(
    "meta",
    1,
    {
        "em": rules.address,
        "ph": rules.digits,
        "fn": rules.name,
        "ln": rules.name,
        "ge": rules.gender,
        "ct": rules.joined,
        "st": rules.joined,
        "zp": postal_code,
        "country": rules.country_code,
        "external_id": rules.as_it_is,
    },
    clear={"madid": rules.ad_id},
)
