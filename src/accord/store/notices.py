"""The texts people were shown, and the sealed proofs of what they did."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select, tuple_

from accord.consent.signal import Evidence, NoticeVersion
from accord.store.bulk import Bulk, chunks
from accord.store.codec import from_json, to_json
from accord.store.consent_tables import evidence, notice


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
        return self._bulk.number(select(func.count()).select_from(notice))

    def get(self, references: Iterable[str]) -> dict[str, NoticeVersion]:
        """Texts by ``id@version``; unknown ones are left out."""
        wanted = [tuple(one.split("@", 1)) for one in dict.fromkeys(references) if "@" in one]
        found: dict[str, NoticeVersion] = {}
        for some in chunks(wanted):
            key = tuple_(notice.c.id, notice.c.version)
            for row in self._bulk.rows(select(notice).where(key.in_(some))):
                names = from_json(row["body"])
                plain = {name: row[name] for name in row if name != "body"}
                one = NoticeVersion(
                    **plain, purposes=tuple(names["purposes"]), partners=tuple(names["partners"])
                )
                found[one.reference] = one
        return found


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
        rows = self._bulk.select_among(select(evidence), evidence.c.id, dict.fromkeys(ids))
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
        return self._bulk.changed(evidence.delete().where(evidence.c.retain_until < now))
