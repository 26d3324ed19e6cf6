"""What happens to signals when people are merged or split. Pure (consent.md 1.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from accord.consent.signal import CLOSING, ConsentSignal


def on_merge(signals: Iterable[ConsentSignal], survivor: str) -> list[ConsentSignal]:
    """The logs of both, folded together from now on: one withdrawal closes the merged person's cell."""
    return [replace(one, subject=survivor) for one in signals]


@dataclass(frozen=True, slots=True)
class Split:
    """Who keeps what when one record gets a person of its own; whoever is not named stays where it is.

    Attributes:
        moved: Signals of the new person: its own record showed them, or they are about its address alone.
        copied: Withdrawals for the new person that belong to neither side alone.
        orphaned: Grants made for the merged person that name no address: they open nothing for either.
    """

    moved: list[ConsentSignal] = field(default_factory=list)
    copied: list[ConsentSignal] = field(default_factory=list)
    orphaned: list[ConsentSignal] = field(default_factory=list)


def on_split(
    signals: Iterable[ConsentSignal], origin: str, born: str, new_id: str, addresses: frozenset[str]
) -> Split:
    """Divide a log.

    Args:
        signals: The log of the person who is split.
        origin: ``connection/stream:external id`` of the record that leaves.
        born: The new person's hub id.
        new_id: Begins the ids of copies.
        addresses: Contact points that only the new person has.
    """
    split = Split()
    for one in signals:
        if one.origin == origin or (one.contact_point and one.contact_point in addresses):
            split.moved.append(replace(one, subject=born))
        elif one.kind in CLOSING:
            copy_id, event = f"{new_id}:{len(split.copied)}", f"{one.event}/split:{born}"
            split.copied.append(replace(one, id=copy_id, subject=born, event=event))
        elif not one.origin and not one.contact_point:
            split.orphaned.append(replace(one, subject=""))
    return split
