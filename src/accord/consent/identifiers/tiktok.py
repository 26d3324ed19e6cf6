"""TikTok: audiences and events.

Source: TikTok's help page "List of supported IDs and formats for a customer file" (ads.tiktok.com/help):
spaces out and lower case for e-mail, E.164 with the plus for telephones, one case throughout for
advertising ids. Two open connectors (Segment tiktok-audiences, RudderStack tiktok_audience) agree; they
differ about the case of ``external_id``, so it stays as it is. One cuts telephone numbers at 15
characters, which would hash a number that is nobody's.
"""

from __future__ import annotations

from typing import Final

from accord.consent.identifiers import rules
from accord.consent.identifiers.platform import Platform, platform

TIKTOK: Final[Platform] = platform(
    "tiktok",
    1,
    {
        "email": rules.unspaced_address,
        "phone": rules.international,
        "idfa": rules.ad_id,
        "gaid": rules.ad_id,
        "external_id": rules.as_it_is,
    },
)
