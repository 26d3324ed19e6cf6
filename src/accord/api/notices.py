"""Texts that people were shown when they were asked: what a grant reaches, and whom (consent.md 1.1)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from accord.consent.purposes import PURPOSES, needs_grant
from accord.consent.signal import NoticeVersion
from accord.engine.reconsider import reconsider
from accord.errors import SetupError

if TYPE_CHECKING:
    from accord.engine.world import World


def notice_of(
    name: str, text: Path, *, purposes: Iterable[str], partners: Iterable[str] = (), locale: str = ""
) -> NoticeVersion:
    """A text from its file; only its hash is kept.

    Raises:
        SetupError: the name is not ``ID@VERSION``, or the file cannot be read.
    """
    id_, at, version = name.partition("@")
    if not (id_ and at and version):
        raise SetupError(
            f"{name!r} names no version of a text", hint="Write ID@VERSION, such as newsletter@3."
        )
    try:
        content = text.read_bytes()
    except OSError as error:
        raise SetupError(
            f"the text {text} cannot be read ({type(error).__name__})",
            hint="Name a file that holds exactly what people are shown.",
        ) from None
    return NoticeVersion(id_, version, sha256(content).hexdigest(), locale, tuple(purposes), tuple(partners))


def add(world: World, notice: NoticeVersion) -> bool:
    """Keep a text, and read anew what grants that name it reach.

    Returns:
        False if this very text was known.

    Raises:
        SetupError: it names something that is no purpose a person can grant, or nothing; the version is known
            with another content, and a version never changes.
    """
    known = {name for name in PURPOSES if needs_grant(name)}
    wrong = sorted(set(notice.purposes) - known)
    if wrong or not notice.purposes:
        raise SetupError(
            f"{wrong[0]!r} is no purpose that a person can grant" if wrong else "the text names no purpose",
            hint=f"Purposes are: {', '.join(sorted(known))}.",
        )
    with world.store.transaction("notice") as tx:
        before = tx.notices.get([notice.reference]).get(notice.reference)
        if before is not None and before != notice:
            raise SetupError(
                f"the text {notice.reference} is known with another content",
                hint="What people were shown does not change afterwards: give the new text a new version.",
            )
        tx.notices.add(notice)
    reconsider(world)
    return before is None
