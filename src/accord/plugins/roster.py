"""Which plugins there are: finding, registering and asking them, and remembering those that failed."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import pluggy

from accord import hookspecs
from accord.errors import AccordError, PluginError
from accord.hookspecs import PREFIX, PROJECT

GROUP: Final = "accord"
"""The entry-point group of plugins."""

DISABLE: Final = "ACCORD_DISABLE_PLUGINS"
"""Environment variable: names of entry points or distributions that are not loaded, with commas."""

BUILT_IN: Final = ("accord.secrets.sources",)
"""Accord's own plugins. By name, so that they are loaded as those of others are."""

_RULES: Final = frozenset({"accord_gate", "accord_transform"})
_WITHOUT_RULES: Final = frozenset(name for name in dir(hookspecs) if name.startswith(PREFIX)) - _RULES
"""Hooks that neither refuse nor take out anything: a plugin without others may be missing."""

_log = logging.getLogger("accord.plugins")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a plugin comes from."""

    plugin: str
    distribution: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.plugin} ({self.distribution} {self.version})" if self.distribution else self.plugin

    def failed(self, hook: str, what: str, *, hint: str = "") -> PluginError:
        """The error that names this plugin."""
        told = hint or f"Upgrade or remove it, or leave it out with {DISABLE}={self.plugin}."
        where = f" in {hook}" if hook else ""
        return PluginError(
            f"plugin {self}{where}: {what}",
            hint=told,
            facts={
                "plugin": self.plugin,
                "distribution": self.distribution,
                "version": self.version,
                "hook": hook,
            },
        )


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
        self._silenced: set[tuple[str, str]] = set()
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)

    def add_built_in(self) -> None:
        """Register Accord's own plugins."""
        for module in BUILT_IN:
            if module.split(".")[1] not in _disabled():
                self.add(import_module(module), module.split(".")[1])

    def add_installed(self) -> None:
        """Load and register what distributions offer under the entry-point group, by name."""
        for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            source = _source(point)
            if not {source.plugin, source.distribution} & _disabled():
                self._load(point, source)

    def _load(self, point: EntryPoint, source: Source) -> None:
        try:
            plugin = point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a module does when imported
            why = f"it cannot be loaded ({type(error).__name__}: {error})"
            self._leave_out(None, source.failed("", why, hint=_absent(source)), error)
        else:
            self._register(plugin, source)

    def add(self, plugin: object, name: str = "") -> None:
        """Register a module or object."""
        named = name or str(getattr(plugin, "__name__", type(plugin).__name__))
        self._register(plugin, Source(named))

    def _register(self, plugin: object, source: Source) -> None:
        try:
            self._manager.register(plugin, source.plugin)
        except pluggy.PluginValidationError as error:
            hook = next((n for n in _hooks_of(plugin) if repr(n) in str(error)), "")
            self._leave_out(plugin, source.failed(hook, str(error).splitlines()[-1]), error)
        except ValueError as error:
            failure = source.failed("", "it is registered already, or its name is taken")
            if self._manager.is_registered(plugin):
                self.fail(failure, error)
            else:
                self._leave_out(plugin, failure, error)
        else:
            self._sources[source.plugin] = source
            self._refuse_wrappers(plugin, source)

    def _refuse_wrappers(self, plugin: object, source: Source) -> None:
        """A wrapper would run around other plugins' implementations, so that no failure could be blamed."""
        for caller in self._manager.get_hookcallers(plugin) or ():
            for found in caller.get_hookimpls():
                if found.plugin is plugin and (found.wrapper or found.hookwrapper):
                    self._manager.unregister(plugin)
                    self._leave_out(plugin, source.failed(caller.name, "wrappers are not supported"))
                    return

    def _leave_out(
        self, plugin: object | None, failure: PluginError, cause: BaseException | None = None
    ) -> None:
        """Note that a plugin is not registered; None = nobody knows what it holds.

        What it would have refused or taken out is not known either, unless its hooks say that it has no
        such rule.
        """
        self.fail(failure, cause)
        if plugin is None or not set(_hooks_of(plugin)) <= _WITHOUT_RULES:
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
                hooks = ", ".join(hook for hook in dir(hookspecs) if hook.startswith(PREFIX))
                source = self._sources.get(name, Source(name))
                what = f"there is no such hook; hooks are {hooks}"
                self._leave_out(
                    error.plugin, source.failed(", ".join(unknown), what, hint=_absent(source)), error
                )
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
        for each in self.implementations(hook):
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


def _source(point: EntryPoint) -> Source:
    if point.dist is None:
        return Source(point.name)
    return Source(point.name, point.dist.name, point.dist.version)


def _absent(source: Source) -> str:
    return (
        "What it would have refused or taken out is not known, so that nothing is written. "
        f"Mend or upgrade it, remove it, or leave it out with {DISABLE}={source.plugin}."
    )


def _disabled() -> set[str]:
    return {name.strip() for name in os.environ.get(DISABLE, "").split(",") if name.strip()}


def _hooks_of(plugin: Any) -> list[str]:
    return [name for name in dir(plugin) if name.startswith(PREFIX)]
