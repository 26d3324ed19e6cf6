"""One command from a bare checkout: needs only Python 3.11 or newer with pip.

::

    python3 dev.py demo [ARGS]     set up, then run `accord demo ARGS`
    python3 dev.py accord [ARGS]   set up, then run `accord ARGS`
    python3 dev.py test [ARGS]     set up, then run the whole test suite and 3,000 simulated schedules;
                                   what ARGS select goes to pytest alone
    python3 dev.py check           set up, then ruff, mypy and import-linter
    python3 dev.py ci [ARGS]       check, then test
    python3 dev.py bench [ARGS]    measure Accord beside a plain script and its peers

Environments live in .venv-accord/ and are built once; they are rebuilt when a pyproject.toml, the Python or
the folder changes. Nothing is installed anywhere else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv-accord"
OLDEST = (3, 11)
EXTRAS = {"run": "sandbox", "dev": "dev,test"}
# Installed first and once: an isolated build of each distribution would fetch them again every time.
# setuptools is for test dependencies that come as source only.
BUILD = ("hatchling>=1.26", "editables>=0.5", "setuptools>=77")
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports", "--no-logo"),
)
# Arguments of pytest that select nothing.
WHOLE = {"--require-specs", "-q", "-v"}
# More processes than this would make the tests of timing and of killed processes wait for each other.
MOST_WORKERS = 4
# What the whole test run simulates: schedules of which each sixth is in full and the others have less in
# them, some with a little of everything, and a crash at every point of a reference run.
SIMULATIONS = (
    ("run", "--weather", "brief", "--seeds", "0:3000"),
    ("run", "--weather", "mixed", "--seeds", "0:300"),
    ("run", "--weather", "onward", "--seeds", "0:300"),
    ("crash-everywhere",),
)
# Variables that would make pip install, or Python import, from or to somewhere else.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "VIRTUAL_ENV")


class SetupFailedError(Exception):
    """The environment cannot be built; the text says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    command, rest = (arguments[0], list(arguments[1:])) if arguments else ("help", [])
    try:
        if command == "demo":
            return become(environment("run") / "accord", "demo", *rest)
        if command == "accord":
            return become(environment("run") / "accord", *rest)
        if command == "test":
            return test(rest)
        if command == "check":
            return check()
        if command == "bench":
            os.chdir(ROOT)
            return become(Path(sys.executable), "-m", "bench", *rest)
        if command == "ci":
            return check() or test(rest)
    except SetupFailedError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 2
    print(__doc__)
    return 0 if command in {"help", "-h", "--help"} else 2


def check() -> int:
    """Run every static check, also after one has failed."""
    binaries = environment("dev")
    failed = []
    for name, *arguments in CHECKS:
        line = " ".join([name, *arguments])
        print(f"dev.py: {line}", flush=True)
        if subprocess.call([str(binaries / name), *arguments], cwd=ROOT, env=clean()):
            failed.append(line)
    if failed:
        print("dev.py: failed: " + "; ".join(failed), file=sys.stderr)
    return 1 if failed else 0


def test(arguments: Sequence[str]) -> int:
    """Run what is selected; without a selection the whole suite, then the simulated schedules."""
    python = environment("dev") / "python"
    if not workers(arguments):
        return become(python, "-m", "pytest", *arguments)
    command = [str(python), "-m", "pytest", *workers(arguments), *arguments]
    print("dev.py: pytest " + " ".join(command[3:]), flush=True)
    failed = subprocess.call(command, cwd=ROOT, env=clean())
    jobs = str(min(os.cpu_count() or 1, MOST_WORKERS))
    for simulation in SIMULATIONS:
        print("dev.py: simulation " + " ".join(simulation), flush=True)
        command = [str(python), "-m", "accord.testing.simulation", *simulation, "--jobs", jobs]
        failed = subprocess.call(command, cwd=ROOT, env=clean()) or failed
    return failed


def workers(arguments: Sequence[str]) -> list[str]:
    """The whole suite runs in one process per core; what a person selects runs in one, as debuggers need."""
    if set(arguments) - WHOLE:
        return []
    # A file stays in one process, so that what its tests share is set up once.
    return ["-n", str(min(os.cpu_count() or 1, MOST_WORKERS)), "--dist", "loadfile"]


def environment(purpose: str) -> Path:
    """The folder of executables of an environment, built first when it is missing or outdated."""
    folder = HOME / purpose
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    stamp = folder / "accord-stamp"
    wanted = fingerprint(purpose)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return binaries
    need_pip()
    shown = folder.relative_to(ROOT)
    print(f"dev.py: setting up {shown} (once; downloads packages, takes a minute or two)", flush=True)
    create(folder)
    install(folder, purpose)
    stamp.write_text(wanted, encoding="utf-8")
    print(f"dev.py: {shown} is ready", flush=True)
    return binaries


def fingerprint(purpose: str) -> str:
    """Changes whenever the environment must be rebuilt."""
    digest = hashlib.sha256(repr((sys.version, sys.base_prefix, str(ROOT), EXTRAS[purpose], BUILD)).encode())
    digest.update(Path(__file__).read_bytes())
    for project in [ROOT, *connectors()]:
        digest.update((project / "pyproject.toml").read_bytes())
    return digest.hexdigest()


def connectors() -> list[Path]:
    """The folders of the connectors."""
    return sorted(file.parent for file in ROOT.glob("connectors/*/pyproject.toml"))


def editable(connector: Path) -> str:
    """What pip is told to install: a connector, with what its sandbox needs where it has one."""
    project = tomllib.loads((connector / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = "[sandbox]" if "sandbox" in project.get("optional-dependencies", {}) else ""
    return f"./connectors/{connector.name}{extra}"


def need_pip() -> None:
    """Stop with advice when this Python cannot install anything."""
    asked = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    if asked.returncode:
        message = f"{sys.executable} has no pip: install it (Debian: python3-pip) or use another Python"
        raise SetupFailedError(message)


def create(folder: Path) -> None:
    """Make an empty environment; it needs no pip of its own, so ensurepip may be missing."""
    shutil.rmtree(folder, ignore_errors=True)
    venv = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    made = subprocess.run(venv, env=clean(), capture_output=True, check=False)
    if made.returncode == 0:
        return
    shutil.rmtree(folder, ignore_errors=True)
    tool = HOME / "virtualenv"
    print("dev.py: this Python's venv module does not work; fetching virtualenv instead", flush=True)
    pip("install", "-qq", "--root-user-action=ignore", "--upgrade", "--target", str(tool), "virtualenv")
    run(
        [sys.executable, "-m", "virtualenv", "-qq", "--no-seed", str(folder)],
        {**clean(), "PYTHONPATH": str(tool)},
        "virtualenv could not create an environment",
    )


def install(folder: Path, purpose: str) -> None:
    """Install the core and every connector, editable, at the versions that pyproject.toml names."""
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pinned()) + "\n", encoding="utf-8")
    editables = [f".[{EXTRAS[purpose]}]", *(editable(path) for path in connectors())]
    wanted = [part for editable in editables for part in ("--editable", editable)]
    into = ("--python", str(folder), "install", "-qq", "--constraint", str(constraints))
    pip(*into, *BUILD)
    pip(*into, "--no-build-isolation", "--use-pep517", *wanted)


def pinned() -> list[str]:
    """The constraints of pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [str(line) for line in settings["tool"]["uv"]["constraint-dependencies"]]


def pip(*arguments: str) -> None:
    """Run this Python's pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    run(command, clean(), "pip could not install what Accord needs (its own words stand above)")


def run(command: Sequence[str], variables: dict[str, str], failure: str) -> None:
    """Run a step of the set-up or stop."""
    if subprocess.call(command, cwd=ROOT, env=variables):
        raise SetupFailedError(failure)


def clean() -> dict[str, str]:
    """This process's variables without those that point into other installations."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}


def become(program: Path, *arguments: str) -> int:
    """Replace this process by the program, so that signals reach it and nothing stays behind."""
    command = [str(program), *arguments]
    if os.name == "nt":
        return subprocess.call(command, env=clean())
    if program.name == "python" and "pytest" in arguments:
        os.chdir(ROOT)
    sys.stdout.flush()
    return os.execve(program, command, clean())  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit("dev.py: Accord needs Python 3.11 or newer; this is " + sys.version.split()[0])
    sys.exit(main(sys.argv[1:]))
