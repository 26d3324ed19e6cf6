"""The texts people were shown, and the sealed proofs of what they did."""

from __future__ import annotations

from collections.abc import Iterable

from accord.consent.signal import Evidence, NoticeVersion
from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.consent_tables import evidence, notice
from accord.store.statement import Statement

_TEXTS = notice.select("WHERE id IN :ids ORDER BY id, version")
_COUNT = Statement("SELECT count(*) FROM notice")
_PROOFS = evidence.select("WHERE id IN :ids ORDER BY id")
_EXPIRE = Statement("DELETE FROM evidence WHERE retain_until < :now")


class NoticeVersions:
    """Texts, by id and version; a version never changes."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, one: NoticeVersion) -> None:
        """Keep a text; the version that is known stays as it is."""
        row = {name: getattr(one, name) for name in ("id", "version", "text_hash", "locale")}
        row |= {"valid_from": one.valid_from, "valid_to": one.valid_to}
        row["body"] = to_json({"purposes": one.purposes, "partners": one.partners})
        self._bulk.add_new(notice, [row])

    def count(self) -> int:
        """How many texts there are."""
        return int(self._bulk.value(_COUNT))

    def get(self, references: Iterable[str]) -> dict[str, NoticeVersion]:
        """Texts by ``id@version``; unknown ones are left out."""
        wanted = {one for one in references if "@" in one}
        texts = map(_text, self._bulk.ask(_TEXTS, ids={one.split("@", 1)[0] for one in wanted}))
        return {text.reference: text for text in texts if text.reference in wanted}


def _text(row: Found) -> NoticeVersion:
    names = from_json(row["body"])
    plain = {name: row[name] for name in row if name != "body"}
    return NoticeVersion(**plain, purposes=tuple(names["purposes"]), partners=tuple(names["partners"]))


class Proofs:
    """Evidence: sealed, apart from signals, with a time of its own."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def add(self, one: Evidence) -> None:
        """Keep a proof. Without a key its details are not kept, only that there was one."""
        row = {"id": one.id, "method": one.method, "at": one.at, "retain_until": one.retain_until}
        self._bulk.upsert(evidence, [{**row, "body": self._bulk.seal(to_json(dict(one.details)))}])

    def get(self, ids: Iterable[str]) -> dict[str, Evidence]:
        """Proofs by id, as far as the key opens them."""
        rows = self._bulk.ask(_PROOFS, ids=dict.fromkeys(ids))
        nothing: dict[str, str] = {}
        return {
            row["id"]: Evidence(
                row["id"],
                row["method"],
                row["at"],
                row["retain_until"],
                self._bulk.unseal(row["body"], nothing, from_json),
            )
            for row in rows
        }

    def expire(self, now: float) -> int:
        """Drop those whose time is over."""
        return self._bulk.change(_EXPIRE, now=now)
