"""TikTok: audiences and events.

TikTok's own page could not be read; two open connectors (Segment tiktok-audiences, RudderStack
tiktok_audience) agree on what stands here. They differ about the case of ``external_id``, so it stays as
it is, and one cuts telephone numbers at 15 characters, which would hash a number that is nobody's.
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
