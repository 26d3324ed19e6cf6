"""From a vendor's row to an observation: digest first, map only what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

from accord.engine.merge import Observation
from accord.errors import MappingError
from accord.model.cells import Cells, field_of
from accord.model.record import Row

if TYPE_CHECKING:
    from accord.engine.flow import Flow, Member

ROW_LIMIT = 8 * 1024 * 1024
"""A row larger than this is set aside: no vendor of this field sends one on purpose (bytes of JSON)."""


@dataclass(slots=True)
class Seen:
    """One row of a page, digested; ``observation`` or ``error`` once it was mapped.

    Attributes:
        as_of: A search found it, whose index need not show what was written after this instant (seconds since
            1970; sync.md V2); None = it was read otherwise.
        aside: It could not be absorbed when it was last read, and a dead letter waits for it.
    """

    external_id: str
    digest: bytes
    row: Row
    deleted: bool = False
    observation: Observation | None = None
    error: MappingError | None = None
    as_of: float | None = None
    aside: bool = False


def json_of(row: Row) -> bytes:
    """A row's JSON text, as it is digested."""
    return orjson.dumps(row, default=str)


def row_digest(version: str, key: bytes) -> Callable[[bytes], bytes]:
    """Keyed digest of a row's JSON text under a version of the mapping (16 bytes)."""
    salt = blake2b(version.encode(), digest_size=16).digest()
    fresh = blake2b(digest_size=16, key=key, salt=salt).copy

    def digest(raw: bytes) -> bytes:
        hasher = fresh()
        hasher.update(raw)
        return hasher.digest()

    return digest


class Observer:
    """Turns the rows of one member into observations. Touches no store."""

    def __init__(self, flow: Flow, member: Member, key: bytes) -> None:
        self.flow, self.member = flow, member
        self.stream = member.stream
        self._digest = row_digest(self.stream.mapping.version, key)

    def look(self, rows: Sequence[Row]) -> list[Seen]:
        """Digest a page's rows. A row listed twice counts once, as last shown; one without id is an error."""
        found: dict[str, Seen] = {}
        for number, row in enumerate(rows):
            error, plain = None, row
            try:
                raw = json_of(row)
            except TypeError:  # one such row must not stop its stream
                error = self._error("a value in the row is none that JSON can spell", "")
                plain = {name: value for name, value in row.items() if _is_spelled(name, value)}
                raw = json_of(plain)
            seen = Seen("", self._digest(raw), plain, error=error)
            try:
                seen.external_id = self.stream.external_id(plain)
                seen.deleted = self.stream.is_deleted(plain)
            except (KeyError, TypeError, AttributeError):
                seen.external_id = f"?{seen.digest.hex()[:12]}"
                seen.error = self._error("a row has no external id", self.stream.key)
            if len(raw) > ROW_LIMIT:
                seen.error = self._error(f"the row is larger than {ROW_LIMIT // 2**20} MiB", "")
            found.pop(seen.external_id, None)
            found[seen.external_id or str(number)] = seen
        return list(found.values())

    def map(self, seen: Seen, now: float, offset: float) -> None:
        """Map a row; what cannot be mapped carries its error.

        Args:
            seen: The digested row.
            now: Our clock: the time of records whose system does not say when they changed.
            offset: How far the vendor's clock is ahead of ours, in seconds.
        """
        if seen.error is not None:
            return
        try:
            cells = self.stream.mapping.cells(seen.row)
            changed = self.stream.updated_at(seen.row)
            seen.observation = self._observation(seen, cells, changed, now, offset)
        except MappingError as error:
            seen.error = error
        except ValueError as error:
            path = self.stream.cursor.path if self.stream.cursor else ""
            seen.error = self._error(f"a value cannot be read ({type(error).__name__})", path)

    def _observation(
        self, seen: Seen, cells: Cells, changed: datetime | None, now: float, offset: float
    ) -> Observation:
        changed_at = changed.timestamp() if changed is not None else None
        observation = Observation(
            seen.external_id,
            cells,
            now if changed_at is None else changed_at - offset,
            changed_at,
            self.stream.version(seen.row),
            seen.digest,
            self.stream.hub_reference(seen.row),
            tuple(self.stream.merged_ids(seen.row)),
        )
        for name, stream in self.stream.mapping.references.items():
            self._reference(observation, name, stream)
        return observation

    def _reference(self, observation: Observation, name: str, stream: str) -> None:
        """A reference leaves the cells until its hub id is known; the vendor's id is what it shows."""
        for cell in [cell for cell in observation.cells if field_of(cell) == name]:
            value = observation.cells[cell]
            if isinstance(value, dict):
                external = value.get("ref")
                observation.shown[cell] = external
                observation.cells[cell] = None
                if external:
                    observation.pending[cell] = (stream, str(external))

    def _error(self, problem: str, path: str) -> MappingError:
        return MappingError(
            f"{self.member.connection}/{self.stream.name}: {problem}",
            hint="Correct the record in its system; it is read again when it changes.",
            facts={
                "connector": self.stream.connector.name,
                "connection": self.member.connection,
                "stream": self.stream.name,
                "field": "",
                "path": path,
            },
        )


def _is_spelled(name: object, value: object) -> bool:
    """Whether it is no half character, no number beyond 64 bits, no thousandfold nesting."""
    try:
        orjson.dumps({name: value}, default=str)
    except TypeError:
        return False
    return True
