"""The one door to the file system: nothing below it opens a path that could leave the root folder.

Every component of a name is opened relative to its parent's descriptor with ``O_NOFOLLOW``, so neither
``..`` nor a symbolic link, even one planted between check and use, leads anywhere else.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from accord.errors import AccessError, ConfigError, RetryableError

WILD = frozenset("*?[")
SCRATCH = ".accord-new"
LOCK = ".accord-lock"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells two states of a file apart without reading it.

    Attributes:
        name: The file's name below the root, with ``/``.
        size: Bytes.
        modified: mtime in nanoseconds.
        changed: ctime in nanoseconds; unlike mtime it cannot be set back.
        inode: Changes when the file is replaced.
    """

    name: str
    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, name: str, status: os.stat_result) -> Stamp:
        """The stamp of a file from its status."""
        return cls(name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    @property
    def touched(self) -> float:
        """When the file last changed, in seconds: by ctime too, because copying may set mtime back."""
        return max(self.modified, self.changed) / 1e9


def check_name(name: str, *, key: str, wild: bool = False) -> str:
    """A relative name or pattern that stays below its root.

    Raises:
        ConfigError: it is absolute, climbs, or holds what no portable file name holds.
    """
    parts = name.split("/")
    bad = (
        not name
        or name.startswith(("/", "~"))
        or any(part in {"", ".", ".."} for part in parts)
        or any(mark in name for mark in ("\\", "\0", "**", ":"))
        or (not wild and bool(WILD & set(name)))
    )
    if bad:
        raise ConfigError(
            f"{key}: {name!r} is not a name below the folder",
            hint="Write a name relative to `root`, with '/', without '..', '**', ':' or '\\'.",
            facts={"key": key},
        )
    return name


class Folder:
    """A root folder and the files below it."""

    def __init__(self, root: Path, connection: str) -> None:
        self.root = root.resolve()
        self.connection = connection

    def require(self) -> None:
        """Make sure that the folder is there and may be listed.

        Raises:
            AccessError: it is missing, no folder, or closed to us.
        """
        try:
            with os.scandir(self.root) as entries:
                next(entries, None)
        except OSError as error:
            raise self._refused("", error) from error

    def stamps(self, pattern: str) -> list[Stamp]:
        """The files that match, by name. Hidden files match only a pattern that says so.

        Raises:
            AccessError: the folder cannot be listed, or a match is a symbolic link or no file.
        """
        self.require()
        return sorted(self._matches(self.root, "", pattern.split("/")), key=lambda stamp: stamp.name)

    def stamp(self, name: str) -> Stamp | None:
        """The state of one file, None when there is none."""
        try:
            with self.open(name) as file:
                return Stamp.of(name, os.fstat(file.fileno()))
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a regular file for reading.

        Raises:
            FileNotFoundError: there is none.
            AccessError: it is a symbolic link, no regular file, or closed to us.
        """
        with self._parent(name) as (parent, leaf):
            # O_NONBLOCK: opening a named pipe must not hang.
            descriptor = self._open(name, leaf, os.O_RDONLY | os.O_NONBLOCK, parent)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise self._odd(name)
            yield file

    @contextlib.contextmanager
    def lock_file(self, name: str) -> Iterator[int]:
        """The descriptor of the lock that guards rewriting of a file; created when missing, never removed."""
        with self._parent(name) as (parent, leaf):
            flags = os.O_RDWR | os.O_CREAT
            descriptor = self._open(name, f".{leaf}{LOCK}", flags, parent)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def replace(self, name: str, expected: Stamp | None, fill: Callable[[BinaryIO], None]) -> bool:
        """Write a file anew: temporary file, fsync, rename; its mode is kept, readers see old or new.

        Returns False, with nothing changed, when the file is no longer in the expected state. The caller
        holds the file's lock.

        Raises:
            AccessError: the folder may not be written.
            RetryableError: the disk is full or failed.
        """
        with self._parent(name) as (parent, leaf):
            scratch = f".{leaf}{SCRATCH}"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(scratch, dir_fd=parent)
            try:
                self._write(name, scratch, parent, fill)
                if self.stamp(name) != expected:
                    return False
                os.replace(scratch, leaf, src_dir_fd=parent, dst_dir_fd=parent)
                os.fsync(parent)
            except OSError as error:
                raise self._not_written(name, error) from error
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(scratch, dir_fd=parent)
        return True

    def _write(self, name: str, scratch: str, parent: int, fill: Callable[[BinaryIO], None]) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(scratch, flags, 0o600, dir_fd=parent)
        with os.fdopen(descriptor, "w+b") as file:
            fill(file)
            file.flush()
            with contextlib.suppress(FileNotFoundError), self.open(name) as old:
                os.fchmod(descriptor, stat.S_IMODE(os.fstat(old.fileno()).st_mode))
            os.fsync(descriptor)

    @contextlib.contextmanager
    def _parent(self, name: str) -> Iterator[tuple[int, str]]:
        """The descriptor of the folder a file stands in, and the file's own name."""
        *folders, leaf = check_name(name, key="name").split("/")
        try:
            current = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise self._refused("", error) from error
        try:
            for folder in folders:
                below = self._open(name, folder, os.O_RDONLY | os.O_DIRECTORY, current)
                os.close(current)
                current = below
            yield current, leaf
        finally:
            os.close(current)

    def _open(self, name: str, leaf: str, flags: int, parent: int) -> int:
        try:
            return os.open(leaf, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=parent)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._refused(name, error) from error

    def _matches(self, folder: Path, prefix: str, parts: list[str]) -> Iterator[Stamp]:
        part, rest = parts[0], parts[1:]
        with os.scandir(folder) as found:
            entries = [entry for entry in found if self._fits(entry.name, part)]
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.is_symlink():
                raise self._odd(name)
            if rest:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._matches(folder / entry.name, f"{name}/", rest)
            elif entry.is_file(follow_symlinks=False):
                yield Stamp.of(name, entry.stat(follow_symlinks=False))
            elif not entry.is_dir(follow_symlinks=False):
                raise self._odd(name)

    @staticmethod
    def _fits(name: str, part: str) -> bool:
        return fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))

    def _odd(self, name: str) -> AccessError:
        return AccessError(
            f"Connection {self.connection!r}: {name!r} is a symbolic link or no plain file, so not opened",
            hint="Put the file itself below the connection's root.",
            facts={"connection": self.connection, "file": name},
        )

    def _refused(self, name: str, error: OSError) -> AccessError:
        if isinstance(error, NotADirectoryError) or error.strerror == os.strerror(40):  # ELOOP
            return self._odd(name or str(self.root))
        return AccessError(
            f"Connection {self.connection!r}: {name or str(self.root)!r} cannot be opened: {error.strerror}",
            hint="Check that `root` exists and that Accord's user may read it (and write, for `write`).",
            facts={"connection": self.connection, "file": name},
        )

    def _not_written(self, name: str, error: OSError) -> AccessError | RetryableError:
        if isinstance(error, PermissionError):
            return self._refused(name, error)
        return RetryableError(
            f"Connection {self.connection!r}: {name!r} could not be written: {error.strerror}",
            hint="Nothing was changed. Check the free space and the state of the disk, then run again.",
            facts={"connection": self.connection, "file": name},
        )
