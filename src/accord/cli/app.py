"""The command line: every command in its place, and what happens when one fails."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from accord.cli import failure
from accord.cli.commands import (
    check,
    config,
    conflicts,
    connectors,
    consent,
    dead_letters,
    demo,
    erase,
    explain,
    export,
    init,
    link,
    migrate,
    notice,
    plan,
    runs,
    sandbox,
    serve,
    show,
    status,
    sync,
)
from accord.cli.hosting import hosted
from accord.cli.output import Output
from accord.cli.unheard import unheard
from accord.env import SystemEnv
from accord.errors import AccordError

Command = Callable[..., int | None]

_COMMANDS: dict[str, Command] = {
    "init": init.init,
    "check": check.check,
    "plan": plan.plan,
    "sync": sync.sync,
    "status": status.status,
    "runs": runs.runs,
    "show": show.show,
    "explain": explain.explain,
    "erase": erase.erase,
    "export": export.export,
    "serve": serve.serve,
    "sandbox": sandbox.sandbox,
    "demo": demo.demo,
    "migrate": migrate.migrate,
}

_GROUPS: dict[str, tuple[str, dict[str, Command]]] = {
    "connectors": (
        "Installed connectors and what they can do.",
        {"list": connectors.show_all, "show": connectors.show},
    ),
    "conflicts": (
        "Disagreements that wait for you.",
        {"list": conflicts.show_all, "show": conflicts.show, "resolve": conflicts.resolve},
    ),
    "dead-letters": (
        "Changes that were set aside.",
        {
            "list": dead_letters.show_all,
            "show": dead_letters.show,
            "replay": dead_letters.replay,
            "discard": dead_letters.discard,
        },
    ),
    "consent": (
        "What people allow and refuse.",
        {
            "show": consent.show,
            "history": consent.history,
            "explain": consent.explain,
            "record": consent.record,
            "withdraw": consent.withdraw,
            "notice": notice.notice,
            "retain": consent.retain,
            "audit": consent.audit,
        },
    ),
    "erasures": (
        "Erasures that were asked for.",
        {"list": erase.show_all, "show": erase.show, "lift": erase.lift},
    ),
    "link": (
        "Which records are the same, and what is kept of streams that left.",
        {
            "merge": link.merge,
            "split": link.split,
            "import": link.import_pairs,
            "retired": link.retired,
            "release": link.release,
        },
    ),
    "config": ("The configuration.", {"schema": config.schema, "show": config.show}),
}
_SECRET: dict[str, Command] = {"set": config.secret_set, "list": config.secret_list}

LISTING = ("connectors", "conflicts", "dead-letters", "erasures")
"""Groups that list when no subcommand is given."""

UsageError: type[Any] = typer.BadParameter.__mro__[1]
"""The base of wrong arguments; typer gives it no public name."""


def _version(given: bool) -> None:
    if given:
        from accord import __version__

        sys.stdout.write(f"accord {__version__}\n")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Keep commerce systems in agreement."""


def build() -> typer.Typer:
    """All commands."""
    app = _group("", no_args_is_help=True)
    app.callback()(_root)
    for name, command in _COMMANDS.items():
        app.command(name)(hosted(command))
    for name, (about, inner) in _GROUPS.items():
        group = _filled(about, inner)
        if name == "config":
            group.add_typer(_filled("Secrets of the configuration.", _SECRET), name="secret")
        app.add_typer(group, name=name)
    return app


def _filled(about: str, inner: dict[str, Command]) -> typer.Typer:
    group = _group(about, no_args_is_help=True)
    for name, command in inner.items():
        group.command(name)(hosted(command))
    return group


def _group(about: str, *, no_args_is_help: bool) -> typer.Typer:
    return typer.Typer(
        help=about or None,
        no_args_is_help=no_args_is_help,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


def run(arguments: Sequence[str]) -> int:
    """Run a command; whatever goes wrong becomes a message and an exit code."""
    given = _listing(list(arguments))
    output = Output(json="--json" in given)
    command = " ".join(["accord", *_words(given)])
    try:
        app = build()
        _extend(app, given)
        code = app(given, prog_name="accord", standalone_mode=False)
        sys.stdout.flush()
    except AccordError as error:
        if "--debug" in given:
            traceback.print_exception(error)
        return failure.expected(error, output)
    except UsageError as error:
        return failure.usage(error.format_message(), command, output)
    except typer.Abort:
        return failure.INTERRUPTED
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # Click makes it exit code 1, a failure
            return unheard(end.__context__) or 0
        raise
    except Exception as error:  # noqa: BLE001  whatever is left is a bug, and is told as one
        if isinstance(error, OSError) and (code := unheard(error)) is not None:
            return code
        if "--debug" in given:
            traceback.print_exception(error)
        return failure.bug(error, command, output, SystemEnv())
    return int(code or 0)


def _listing(given: list[str]) -> list[str]:
    """``accord conflicts --json`` means ``accord conflicts list --json``."""
    bare = len(given) == 1 or (len(given) > 1 and given[1].startswith("-"))
    if given and given[0] in LISTING and bare and not {"--help", "-h"} & set(given):
        given.insert(1, "list")
    return given


def _words(given: Sequence[str]) -> list[str]:
    """The command's own words: what follows them may be somebody's address."""
    words: list[str] = []
    inner: dict[str, Any] = {**_COMMANDS, **{name: members for name, (_, members) in _GROUPS.items()}}
    inner["config"] = {**inner["config"], "secret": _SECRET}
    for word in given:
        if word not in inner:
            break
        words.append(word)
        found = inner[word]
        inner = found if isinstance(found, dict) else {}
    return words


def _extend(app: typer.Typer, given: Sequence[str]) -> None:
    """Let plugins add commands, where a built-in one was not asked for: loading them takes time."""
    if given and (given[0] in _COMMANDS or given[0] in _GROUPS):
        return
    from accord.plugins import Plugins

    Plugins.load().commands(app)
