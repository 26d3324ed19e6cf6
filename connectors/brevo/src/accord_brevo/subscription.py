"""What Brevo's flags and blocks say about a person: one table of every value it has.

A flag is about campaigns and carries no date; one that is not set says nothing, because who never agreed
looks alike. A block keeps one sender's transactional mail from an address and says why and when (schema
getTransacBlockedContacts of the vendor's description).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from accord.mapping import MISSING

FLAGS: Mapping[str, str] = {"email": "emailBlacklisted", "sms": "smsBlacklisted"}
"""The flag of each channel: true is a withdrawal, anything else is unknown."""


class Meaning(NamedTuple):
    """What a block says: a wish of the person, a technical fact, or both."""

    withdrawn: bool
    suppression: str | None


BLOCKS: Mapping[str, Meaning] = {
    "unsubscribedViaMA": Meaning(True, None),
    "unsubscribedViaEmail": Meaning(True, None),
    "unsubscribedViaApi": Meaning(True, None),
    "contactFlaggedAsSpam": Meaning(True, "complaint"),
    "hardBounce": Meaning(False, "hard_bounce"),
    "adminBlocked": Meaning(False, "admin"),
}
"""Every reason the vendor describes."""

UNSEEN = Meaning(False, "blocked")
"""A reason it adds one day: nobody knows whether the person wished it, but the address is blocked."""

SUPPRESSIONS = ("complaint", "hard_bounce", "admin", "blocked")


def meaning(code: object) -> Meaning:
    """What a block of this reason says."""
    return BLOCKS.get(str(code), UNSEEN)


@dataclass(frozen=True)
class Permission:
    """What a row says about marketing on a channel, as a canonical consent.

    A row that was read without its blocks, and whose flag is not set, says nothing at all. Brevo sets the
    flag after a hard bounce too (help.brevo.com, article 209458705): where the blocks tell of nothing but
    such facts, it is no wish. Where they are not known, or tell nothing, it is taken for one.
    """

    channel: str

    def __call__(self, row: dict[str, Any]) -> Any:
        """The consent, or MISSING."""
        flag = FLAGS[self.channel]
        blocks = row.get("blocks") if self.channel == "email" else []
        if row.get(flag) is True and not _is_technical(blocks):
            return {"state": "withdrawn", "source": f"brevo:{flag}"}
        for block in blocks or ():
            if meaning(block["code"]).withdrawn:
                return {"state": "withdrawn", "at": block["at"], "source": f"brevo:{block['code']}"}
        return MISSING if flag not in row or blocks is None else {"state": "unknown"}


def _is_technical(blocks: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether all that is known to stand against an address are facts, none of them a wish."""
    known = [BLOCKS.get(str(block["code"])) for block in blocks or ()]
    return bool(known) and all(one is not None and not one.withdrawn for one in known)


@dataclass(frozen=True)
class Suppressed:
    """Whether a block of a row suppresses its address for this reason."""

    reason: str

    def __call__(self, row: dict[str, Any]) -> Any:
        """The suppression, or MISSING."""
        for block in row.get("blocks") or ():
            if meaning(block["code"]).suppression == self.reason:
                return {"at": block["at"], "source": f"brevo:{block['code']}"}
        return MISSING
