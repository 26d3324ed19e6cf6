"""Google: Customer Match and enhanced conversions, as the Data Manager API wants user data written.

Source: developers.google.com/data-manager/api/devguides/concepts/formatting (November 2026). Google's own
code samples disagree with the page and with each other; the written rule is followed.
"""

from __future__ import annotations

from typing import Final

from accord.consent.identifiers import rules
from accord.consent.identifiers.platform import Platform, platform
from accord.model.values import UnfitError

GMAIL: Final = ("gmail.com", "googlemail.com")
"""Only here the local part loses its dots and ``+suffix``. One domain is not folded into the other."""


def email_address(value: str, _country: str | None = None) -> str:
    """White space out, lower case; at Gmail also the dots and the suffix of the local part.

    Raises:
        UnfitError: it is no address, or one that is lent.
    """
    found = rules.checked_address(rules.unspaced(value).lower())
    local, _, domain = found.rpartition("@")
    if domain not in GMAIL:
        return found
    local = local.partition("+")[0].replace(".", "")
    if not local:
        raise UnfitError("not an e-mail address")
    return f"{local}@{domain}"


def region_code(value: str, _country: str | None = None) -> str:
    """Trimmed, upper case."""
    return value.strip().upper()


GOOGLE: Final[Platform] = platform(
    "google",
    1,
    {
        "email_address": email_address,
        "phone_number": rules.international,
        "given_name": rules.lowered,
        "family_name": rules.lowered,
        "street_address": rules.lowered,
    },
    clear={"city": rules.as_it_is, "region_code": region_code, "postal_code": rules.as_it_is},
)
"""Town, region and postal code leave unhashed, as the page demands: they are personal data all the same."""
