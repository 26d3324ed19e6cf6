"""The address of a store, taken apart."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from accord.errors import StateError

HINT = "Use sqlite:///path/to/accord.db or postgresql+psycopg://user@host/database."
# A password may hold anything but an at sign, which must be written as %40.
_ADDRESS = re.compile(
    r"""
    (?P<scheme>[\w+]+)://
    (?: (?P<user>[^:/@]*) (?: :(?P<password>[^@]*) )? @ )?
    (?P<host> \[[^/?]+\] | [^/:?]* ) (?: :(?P<port>[^/?]*) )?
    (?: /(?P<path>[^?]*) )?
    (?: \?(?P<query>.*) )?
    """,
    re.VERBOSE,
)


class Address(NamedTuple):
    """Where a store is. ``path`` is a file or the name of a database; options keep their order."""

    scheme: str
    user: str
    password: str | None
    host: str
    port: str
    path: str
    options: tuple[tuple[str, str], ...]

    def shown(self) -> str:
        """The address without what may be secret: of its options only the host is shown."""
        password = "" if self.password is None else ":***"
        user = f"{quote(self.user, safe='')}{password}@" if self.user or password else ""
        port = f":{self.port}" if self.port else ""
        hosts = "&".join(f"host={value}" for name, value in self.options if name == "host")
        return f"{self.scheme}://{user}{self.host}{port}/{self.path}{'?' if hosts else ''}{hosts}"


def parse(url: str) -> Address:
    """Take an address apart.

    Raises:
        StateError: it is not understood.
    """
    found = _ADDRESS.fullmatch(url)
    if found is None:
        # The address may hold a password, so it is not quoted.
        raise StateError("the address of the store is not understood", hint=HINT)
    part = {name: value or "" for name, value in found.groupdict().items()}
    return Address(
        part["scheme"],
        unquote(part["user"]),
        None if found["password"] is None else unquote(found["password"]),
        part["host"],
        part["port"],
        part["path"],
        tuple(parse_qsl(part["query"])),
    )
