"""Which plugins there are: finding, registering and asking them, and remembering those that failed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any, Final

import pluggy

from accord import hookspecs
from accord.errors import AccordError, PluginError
from accord.hookspecs import PREFIX, PROJECT
from accord.plugins import installed
from accord.plugins.installed import Source

BUILT_IN: Final = ("accord.secrets.sources",)
"""Accord's own plugins. By name, so that they are loaded as those of others are."""

OFFER: Final = "accord_connectors"
"""The hook that offers connectors."""

_HOOKS: Final = frozenset(name for name in dir(hookspecs) if name.startswith(PREFIX))
_WITHOUT_RULES: Final = _HOOKS - {"accord_gate", "accord_transform"}
"""Hooks that neither refuse nor take out anything: a plugin without others may be missing."""

_MOVE: Final = f"name it under the entry points of {installed.GROUP} instead, which are always asked"

_log = logging.getLogger("accord.plugins")


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's implementation of one hook."""

    source: Source
    hook: str
    function: Any
    arguments: Sequence[str]

    def __call__(self, given: dict[str, Any]) -> Any:
        """Call it with the arguments it takes.

        Raises:
            AccordError: what the plugin itself raised to say something.
            PluginError: anything else that went wrong inside. Its text quotes nothing of the cause, which
                may quote a record.
        """
        try:
            return self.function(*[given[name] for name in self.arguments])
        except AccordError:
            raise
        except (Exception, SystemExit) as error:  # a plugin that exits must not end a run without a word
            raise self.failed(f"it raised {type(error).__name__}") from error

    def blamed(self, given: dict[str, Any]) -> Any:
        """Call it where it has nothing to say but its answer.

        Raises:
            PluginError: whatever went wrong inside, without its text.
        """
        try:
            return self(given)
        except PluginError:
            raise
        except AccordError as error:
            raise self.failed(f"it raised {type(error).__name__}") from error

    def failed(self, what: str) -> PluginError:
        """The error that names plugin and hook."""
        return self.source.failed(self.hook, what)


class Roster:
    """The registered plugins and the failures so far.

    Attributes:
        failures: What failed, of any plugin.
        absent: Failures of plugins that are not registered and may have had a say in what is written.
    """

    def __init__(self) -> None:
        self.failures: list[PluginError] = []
        self.absent: list[PluginError] = []
        self._sources: dict[str, Source] = {}
        self._loaded: set[str] = set()
        self._silenced: set[tuple[str, str]] = set()
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)

    def add_built_in(self) -> None:
        """Register Accord's own plugins."""
        for module in BUILT_IN:
            name = module.split(".")[1]
            if not installed.disabled(Source(name)):
                self.add(import_module(module), name)

    def add_installed(self) -> None:
        """Load and register the installed plugins with any hooks."""
        for source, point in installed.plugins():
            self._load(source, point)

    def add_connectors(self, name: str | None = None) -> None:
        """Load and register the installed connectors, all or those of one name; each once."""
        for source, point in installed.connectors(name):
            if source.key not in self._loaded:
                self._loaded.add(source.key)
                self._load(source, point)

    def _load(self, source: Source, point: EntryPoint) -> None:
        try:
            plugin = point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a module does when imported
            why = f"it cannot be loaded ({type(error).__name__}: {error})"
            self._leave_out(None, source, source.failed("", why, hint=source.absent), error)
        else:
            self._register(plugin, source)

    def add(self, plugin: object, name: str = "") -> None:
        """Register a module or object."""
        named = name or str(getattr(plugin, "__name__", type(plugin).__name__))
        self._register(plugin, Source(named))

    def _register(self, plugin: object, source: Source) -> None:
        try:
            self._manager.register(plugin, source.key)
        except pluggy.PluginValidationError as error:
            hook = next((n for n in _hooks_of(plugin) if repr(n) in str(error)), "")
            self._leave_out(plugin, source, source.failed(hook, str(error).splitlines()[-1]), error)
        except ValueError as error:
            failure = source.failed("", "it is registered already, or its name is taken")
            if self._manager.is_registered(plugin):
                self.fail(failure, error)
            else:
                self._leave_out(plugin, source, failure, error)
        else:
            self._sources[source.key] = source
            self._refuse_hooks(plugin, source)

    def _refuse_hooks(self, plugin: object, source: Source) -> None:
        """Refuse wrappers, which would run around others so that no failure could be blamed on a plugin.

        Refuse also rules that would be asked only where a certain connector is in use.
        """
        for caller in self._manager.get_hookcallers(plugin) or ():
            for found in caller.get_hookimpls():
                if found.plugin is not plugin:
                    continue
                if found.wrapper or found.hookwrapper:
                    what = "wrappers are not supported"
                elif source.connectors and caller.name in _HOOKS - {OFFER}:
                    what = f"a plugin of {installed.CONNECTORS} may offer connectors only; {_MOVE}"
                else:
                    continue
                self._manager.unregister(plugin)
                self._leave_out(plugin, source, source.failed(caller.name, what, hint=source.absent))
                return

    def _leave_out(
        self, plugin: object | None, source: Source, failure: PluginError, cause: BaseException | None = None
    ) -> None:
        """Note that a plugin is not registered; None = nobody knows what it holds.

        What it would have refused or taken out is not known either, unless it may not have such a rule, or
        its hooks say that it has none.
        """
        self.fail(failure, cause)
        unknown = plugin is None and not source.connectors
        if unknown or not set(_hooks_of(plugin)) <= _WITHOUT_RULES:
            self.absent.append(failure)

    def check_pending(self) -> None:
        """Take out plugins with a hook that does not exist: a misspelt gate would never refuse anything."""
        while True:
            try:
                self._manager.check_pending()
            except pluggy.PluginValidationError as error:
                name = self._manager.get_name(error.plugin) or ""
                unknown = [hook for hook in _hooks_of(error.plugin) if not hasattr(hookspecs, hook)]
                self._manager.unregister(error.plugin)
                hooks = ", ".join(sorted(_HOOKS))
                source = self._sources.get(name, Source(name))
                what = f"there is no such hook; hooks are {hooks}"
                failure = source.failed(", ".join(unknown), what, hint=source.absent)
                self._leave_out(error.plugin, source, failure, error)
            else:
                return

    def implementations(self, hook: str) -> list[Implementation]:
        """The implementations of a hook in the order in which they are asked: the last registered first."""
        found = reversed(getattr(self._manager.hook, hook).get_hookimpls())
        return [
            Implementation(self._sources[each.plugin_name], hook, each.function, each.argnames)
            for each in found
            if (each.plugin_name, hook) not in self._silenced
        ]

    def ask(self, hook: str, **given: Any) -> Iterator[tuple[Implementation, Any]]:
        """The answers of all plugins that answer; one that fails is noted, and not asked again."""
        yield from self.answers(self.implementations(hook), given)

    def answers(
        self, asked: Iterable[Implementation], given: dict[str, Any]
    ) -> Iterator[tuple[Implementation, Any]]:
        """The answers of these; as :meth:`ask`."""
        for each in asked:
            try:
                answer = each(given)
            except AccordError as error:
                self.silence(each, error)
            else:
                if answer is not None:
                    yield each, answer

    def silence(self, each: Implementation, error: AccordError) -> None:
        """Note a failure and ask this plugin for this hook no more."""
        self._silenced.add((each.source.plugin, each.hook))
        if isinstance(error, PluginError):
            self.fail(error, error.__cause__)
        else:
            self.fail(each.failed(f"it raised {type(error).__name__}: {error}"), error)

    def fail(self, error: PluginError, cause: BaseException | None = None) -> None:
        """Note a failure."""
        error.__cause__ = cause
        self.failures.append(error)
        _log.warning("%s", error, extra={"facts": error.facts})


def _hooks_of(plugin: Any) -> list[str]:
    return [name for name in dir(plugin) if name.startswith(PREFIX)]
