"""What a statement covers: purposes, channels and topics have parents (consent.md 1.2, 1.4 rule 3)."""

from __future__ import annotations

from functools import cache

EVERY = "*"
"""Stands for every purpose that needs a grant, or for every channel ("stop contacting me")."""


@cache
def lineage(purpose: str) -> tuple[str, ...]:
    """A purpose and its parents, narrowest first, then everything: what a withdrawal may be said of."""
    parts = purpose.split(".")
    return (*(".".join(parts[:length]) for length in range(len(parts), 0, -1)), EVERY)


@cache
def channels_above(channel: str) -> tuple[str, ...]:
    """A channel and what it belongs to, narrowest first: ``ad_platform:meta``, ``ad_platform``, ``*``."""
    name, colon, _ = channel.partition(":")
    return (channel, name, EVERY) if colon else (channel, EVERY)


def closes(purpose: str, channel: str, asked_purpose: str, asked_channel: str) -> bool:
    """Whether a withdrawal of one purpose on one channel is also one of the asked purpose and channel."""
    return purpose in lineage(asked_purpose) and channel in channels_above(asked_channel)


def is_child(purpose: str, parent: str) -> bool:
    """Whether a purpose lies below another one."""
    return purpose != parent and parent in lineage(purpose)


def split_key(key: str) -> tuple[str, str, str]:
    """Purpose, channel and topic of a canonical consent key ``<purpose>:<channel>[:<topic>]``.

    On the channel ``ad_platform`` the part after it is the platform, not a topic.
    """
    purpose, _, rest = key.partition(":")
    channel, colon, topic = rest.partition(":")
    if channel == "ad_platform" and colon:
        return purpose, rest, ""
    return purpose, channel, topic


def key_of(purpose: str, channel: str, topic: str = "") -> str:
    """The canonical consent key: the inverse of :func:`split_key`."""
    return f"{purpose}:{channel}:{topic}" if topic else f"{purpose}:{channel}"
