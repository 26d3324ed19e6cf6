"""What a database says when it fails, in words an operator can act on.

SQLite's codes: https://www.sqlite.org/rescode.html; PostgreSQL's: appendix A of its manual (SQLSTATE).
Of a connection that PostgreSQL refuses, libpq passes on no code but the server's words, which are English
where its ``lc_messages`` is; in another language it is known that the server refused, not why.
Parameters never appear: they are people's data.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from accord.errors import StateError, StoreBusyError


class _Cause(NamedTuple):
    codes: tuple[str, ...]
    what: str
    hint: str
    kind: type[StateError] = StateError
    words: str = r"(?!)"
    """What libpq says where it gives no code."""


_BUSY = "Wait until the other run ends, or see who holds it with `accord status`."
_REFUSED = r"failed: [^\W\d]+ ?:  "
"""The server's severity, in its language, and two blanks: libpq's own messages begin otherwise."""
_DEFAULT = "Without a role there, libpq takes PGUSER or the name of this machine's user."
_CAUSES = (
    _Cause(
        ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40P01"),
        "is locked by another process",
        _BUSY,
        StoreBusyError,
    ),
    _Cause(
        ("SQLITE_FULL", "53100"),
        "cannot grow: the disk is full",
        "Free disk space, then run the same command again.",
    ),
    _Cause(
        ("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH", "25006", "42501"),
        "cannot be written",
        "Check the owner and the mode of the store's file and folder, or the database user's rights.",
    ),
    _Cause(
        ("SQLITE_CANTOPEN",),
        "cannot be opened",
        "Check that the folder of the store exists and belongs to the user that runs Accord.",
    ),
    _Cause(
        ("SQLITE_NOTADB",),
        "is not an SQLite database",
        "Let `store` in accord.toml name another file; Accord creates it.",
    ),
    _Cause(
        ("SQLITE_CORRUPT", "XX001", "XX002"),
        "is damaged",
        "Stop, keep the file, restore the newest backup: the next full read brings back what came later.",
    ),
    _Cause(
        ("SQLITE_IOERR", "58030"),
        "cannot be read or written: the disk reports errors",
        "Check the disk, then run again.",
    ),
    _Cause(
        (),
        "asks for a password and was given none",
        "Let PGPASSFILE name a file with it, or let `store` in accord.toml refer to an address with it.",
        words=r"no password supplied",
    ),
    _Cause(
        ("28P01",),
        "refuses the role or its password",
        "Correct the role in `store`, or the password: in PGPASSFILE, or in what `store` refers to.",
        words=r"authentication failed for user",
    ),
    _Cause(
        (),
        "does not know the role",
        f"Create it (`createuser`), or correct the role in `store`. {_DEFAULT}",
        words=r'role ".*" does not exist',
    ),
    _Cause(
        (),
        "does not let the role in",
        "Let its owner run `ALTER ROLE … LOGIN` and `GRANT CONNECT ON DATABASE … TO …`.",
        words=r"is not permitted to log in|permission denied for database",
    ),
    _Cause(
        (),
        "lets nobody in from here as this role",
        "Let its owner add a line for this machine, role and database to the server's pg_hba.conf.",
        words=r"pg_hba\.conf",
    ),
    _Cause(
        (),
        "does not agree with this machine on encryption",
        "Correct `sslmode` and `sslrootcert` in `store`, or the server's certificate.",
        words=r"certificate|SSL error|server does not support SSL",
    ),
    _Cause(
        ("3D000", "3F000"),
        "does not exist",
        "Create the database (`createdb`), or correct `store` in accord.toml.",
        words=r'database ".*" does not exist',
    ),
    _Cause(
        ("SQLITE_CONSTRAINT", "23"),
        "refused a row that breaks one of its rules",
        "Nothing was saved; this is a bug in Accord, please report it with the run's report.",
    ),
    _Cause(
        ("53",),
        "has no capacity left",
        "Raise the server's limits (connections, memory), then run again.",
        words=r"too many (clients|connections)|remaining connection slots",
    ),
    _Cause(
        (),
        "takes no connections now",
        "Wait until the server has started, or ask its owner, then run again.",
        words=r"is (starting up|shutting down|not (currently|yet) accepting)|in recovery mode",
    ),
    _Cause(("08", "57P"), "closed the connection", "Check that the database server runs, then run again."),
    _Cause(
        ("28",),
        "refuses the connection",
        f"Check the role, the password and the database in `store`; the server's log says more. {_DEFAULT}",
        words=_REFUSED,
    ),
)
_UNREACHED = _Cause(
    (), "cannot be reached", "Check that the database server runs and that `store` in accord.toml names it."
)
_OTHER = _Cause((), "failed", "Run again; if it happens again report it with the code above.")


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn whatever the driver raises inside into a :class:`StateError` about the store ``where``."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, drivers_errors()):
            raise
        # The driver's own text may quote values (PostgreSQL's DETAIL), so it is not chained.
        raise explain(error, where) from None


def drivers_errors() -> tuple[type[Exception], ...]:
    """What the drivers raise; a driver that is not loaded raises nothing."""
    loaded = (sys.modules.get(name) for name in ("sqlite3", "psycopg"))
    return tuple(module.Error for module in loaded if module is not None)


def explain(error: Exception, where: str) -> StateError:
    """The error to raise for a driver's error."""
    code = _code(error)
    cause = _cause(code, str(error))
    rule = _rule(error)
    shown = f" ({', '.join(part for part in (code, rule) if part)})" if code or rule else ""
    return cause.kind(
        f"the store {where} {cause.what}{shown}", hint=cause.hint, facts={"code": code, "rule": rule}
    )


def _code(error: Exception) -> str:
    return str(getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or "")


def _cause(code: str, text: str) -> _Cause:
    for cause in _CAUSES:
        if code.startswith(cause.codes) if code else re.search(cause.words, text):
            return cause
    return _OTHER if code else _UNREACHED


def _rule(error: Exception) -> str:
    """The constraint's name (PostgreSQL) or its columns (SQLite); neither shows a value."""
    diagnosis = getattr(error, "diag", None)
    if diagnosis is not None:
        return str(diagnosis.constraint_name or "")
    text = str(error)
    return text.partition("constraint failed: ")[2] if "constraint failed: " in text else ""
