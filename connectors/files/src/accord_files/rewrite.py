"""Writing: the stream's one file is rewritten as a whole, never in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from accord import Operation, Outcome, Result, Row, Write, batch
from accord.mapping.declared import digest_of, merged
from accord_files.encoding import Content
from accord_files.folder import Stamp
from accord_files.lock import locked
from accord_files.record import Old
from accord_files.stream import FileStream

ATTEMPTS = 5


@dataclass(slots=True)
class Held:
    """What the files hold under one key.

    Attributes:
        lines: Every line of the written file with the key; the last one counts.
        row: The row that counts, from the written file or another.
        problem: Why the row is refused, '' if it is sound.
    """

    lines: list[int] = field(default_factory=list)
    row: Row | None = None
    problem: str = ""


@dataclass(slots=True)
class Draft:
    """What one rewrite will change.

    Attributes:
        held: The present rows by key.
        content: Of the file as it is.
        columns: Of the file, None when its rows are nested.
        changes: New rows by line.
        new: Rows to append, by key.
    """

    held: dict[str, Held]
    content: Content | None
    columns: Sequence[str] | None
    changes: dict[int, Row | None] = field(default_factory=dict)
    new: dict[str, Row] = field(default_factory=dict)

    def put(self, key: str, row: Row) -> None:
        """Set the row of a key: in its line, or at the end."""
        held = self.held.setdefault(key, Held())
        held.row = row
        if held.lines:
            self.changes[held.lines[-1]] = row
        else:
            self.new[key] = row

    def remove(self, key: str) -> None:
        """Remove every row of a key."""
        self.changes.update(dict.fromkeys(self.held[key].lines))
        self.new.pop(key, None)
        self.held[key] = Held()

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not self.changes and not self.new


class WritableFileStream(FileStream):
    """Reads records and writes them to the stream's ``write`` file."""

    @batch(500)
    def create(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Append rows. A row that an earlier, unanswered attempt appended is completed, not doubled."""
        return self._apply(writes)

    @batch(500)
    def update(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Replace rows in their place; a row of another file is copied to the written one, which wins."""
        return self._apply(writes)

    @batch(500)
    def delete(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Remove rows, all that have the key."""
        return self._apply(writes)

    def _apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        name = self.config.write
        assert name is not None
        with locked(self.folder, name, self.connector.context) as mine:
            if not mine:
                return _later(writes, "another process is writing the file")
            for _ in range(ATTEMPTS):
                outcomes = self._attempt(name, writes)
                if outcomes is not None:
                    return outcomes
        return _later(writes, "the file kept changing")

    def _attempt(self, name: str, writes: Sequence[Write]) -> list[Outcome] | None:
        """Decide on the file's present rows and replace it; None when somebody changed it meanwhile."""
        stamp = self.folder.stamp(name)
        if stamp is None or not stamp.size:
            return self._replace(Old(name), stamp, writes)
        with self.folder.open(name) as file:
            return self._replace(Old(name, file, self.format.inspect(file, name)), stamp, writes)

    def _replace(self, old: Old, stamp: Stamp | None, writes: Sequence[Write]) -> list[Outcome] | None:
        draft = Draft(self._held(writes, old), old.content, self.format.columns(old))
        outcomes = [self._decide(write, draft) for write in writes]
        if draft.empty:
            return outcomes

        def fill(target: BinaryIO) -> None:
            self.format.rewrite(old, target, draft.changes, list(draft.new.values()))

        return outcomes if self.folder.replace(old.name, stamp, fill) else None

    def _held(self, writes: Sequence[Write], old: Old) -> dict[str, Held]:
        """The present rows of all keys that the writes may touch."""
        wanted = {key for write in writes if (key := self._key(write)) is not None}
        others = [stamp for stamp in self.stamps() if stamp.name != self.config.write]
        held: dict[str, Held] = {}
        if others:
            for row in self.snapshot(others).found(lambda row: self.keys.of(row) in wanted):
                held[self.external_id(row)] = Held(row=row)
        if old.file is None or old.content is None:
            return held
        hub_ids = {write.hub_id for write in writes if write.operation is Operation.CREATE}
        for entry in self.format.entries(old.file, old.name, old.content):
            key = self.keys.of(entry.row)
            if key is not None and (key in wanted or self.hub_ids.of(entry.row) in hub_ids):
                lines = held[key].lines if key in held else []
                held[key] = Held([*lines, entry.line], entry.row, entry.problem)
        return held

    def _key(self, write: Write) -> str | None:
        """The key a write is about: its external id, or the one its new row will have."""
        if write.external_id is not None:
            return write.external_id
        return self.keys.of(self.hub_ids.stamp(dict(write.row), write.hub_id))

    def _decide(self, write: Write, draft: Draft) -> Outcome:
        decide: dict[Operation, Callable[[Write, Draft], Outcome]] = {
            Operation.CREATE: self._create,
            Operation.UPDATE: self._update,
            Operation.DELETE: self._delete,
        }
        return decide[write.operation](write, draft)

    def _create(self, write: Write, draft: Draft) -> Outcome:
        earlier = next(
            (k for k, h in draft.held.items() if h.row and self.hub_ids.of(h.row) == write.hub_id), None
        )
        key = earlier or self._key(write)
        if key is None:
            return _no(write, "the new row has no value in its key column")
        held = draft.held.get(key)
        if held is not None and held.row is not None and earlier is None:
            return _no(write, "another row has this key")
        base = held.row if held is not None and held.row is not None else {}
        return self._put(write, key, merged(base, self.hub_ids.stamp(dict(write.row), write.hub_id)), draft)

    def _update(self, write: Write, draft: Draft) -> Outcome:
        key = self._key(write)
        held = draft.held.get(key) if key is not None else None
        if key is None or held is None or held.row is None:
            return Outcome(write.id, Result.GONE, write.external_id)
        if held.problem:
            return _no(write, f"its row is refused: {held.problem}")
        if write.precondition is not None and write.precondition != self.version(held.row):
            return Outcome(write.id, Result.PRECONDITION, key)
        return self._put(write, key, merged(held.row, write.row), draft)

    def _delete(self, write: Write, draft: Draft) -> Outcome:
        key = write.external_id
        held = draft.held.get(key) if key is not None else None
        if key is None or held is None or held.row is None:
            return Outcome(write.id, Result.GONE, write.external_id)
        if not held.lines and key not in draft.new:
            return _no(write, "its row stands in a file that Accord does not write")
        if write.precondition is not None and write.precondition != self.version(held.row):
            return Outcome(write.id, Result.PRECONDITION, key)
        draft.remove(key)
        return Outcome(write.id, Result.DONE, key)

    def _put(self, write: Write, key: str, row: Row, draft: Draft) -> Outcome:
        if self.keys.of(row) != key:
            return _no(write, "a row's key cannot be changed")
        if self.changed_at is not None and self.changed_at.column not in write.row:
            self.changed_at.put(row, self.env.now())
        why = self.format.unwritable(row, draft.content)
        if draft.columns is not None and not set(row) <= set(draft.columns):
            why = f"the file has no column {min(set(row) - set(draft.columns))!r}"
        if why:
            return _no(write, why)
        if draft.columns is not None:
            row = {column: self.format.shown(row.get(column)) for column in draft.columns}
        draft.put(key, row)
        return Outcome(write.id, Result.DONE, key, row, digest_of(row))


def _no(write: Write, reason: str) -> Outcome:
    return Outcome(write.id, Result.REJECTED, write.external_id, reason=reason)


def _later(writes: Sequence[Write], reason: str) -> list[Outcome]:
    return [
        Outcome(write.id, Result.RETRY, write.external_id, reason=reason, retry_after=30.0)
        for write in writes
    ]
