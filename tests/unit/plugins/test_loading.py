"""Finding, refusing and naming plugins."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from accord.connector import Stream
from accord.errors import PluginError, UnknownConnectorError
from accord.hookspecs import hookimpl
from accord.plugins import Plugins, roster
from tests.unit.plugins.samples import Contacts, Crm, FlowStub, MemberStub, Offering, Shop


def points(monkeypatch: pytest.MonkeyPatch, **named: str) -> None:
    """Pretend that these entry points are installed."""
    found = EntryPoints(EntryPoint(name, value, "accord") for name, value in named.items())
    monkeypatch.setattr(roster, "entry_points", lambda group: found)


def test_installed_plugins_offer_connectors(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, thing="tests.unit.plugins.thing")
    assert list(Plugins.load().connectors()) == ["crm"]


def test_a_plugin_that_cannot_load_disables_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, broken="no_such_module_anywhere", thing="tests.unit.plugins.thing")
    plugins = Plugins.load()
    assert list(plugins.connectors()) == ["crm"]
    (failure,) = plugins.failures
    assert failure.facts["plugin"] == "broken"
    assert "ModuleNotFoundError" in str(failure)


def test_a_connector_whose_plugin_failed_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, broken="no_such_module_anywhere")
    with pytest.raises(PluginError, match="cannot be loaded"):
        Plugins.load().connector("broken")


def test_disabled_plugins_are_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, broken="no_such_module_anywhere", thing="tests.unit.plugins.thing")
    monkeypatch.setenv("ACCORD_DISABLE_PLUGINS", "thing, broken")
    plugins = Plugins.load()
    assert not plugins.connectors()
    assert not plugins.failures


def test_nothing_is_loaded_before_the_first_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "entry_points", lambda group: pytest.fail("loaded too early"))
    Plugins.load()


def test_what_an_absent_plugin_would_have_refused_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, broken="no_such_module_anywhere")
    gate = Plugins.load().gate(FlowStub(), MemberStub(Contacts.__new__(Contacts)))
    assert gate is not None
    with pytest.raises(PluginError, match="plugin broken: it cannot be loaded"):
        gate([])


def test_a_module_that_exits_when_imported_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "leaves_at_once.py").write_text("raise SystemExit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    points(monkeypatch, leaves="leaves_at_once", thing="tests.unit.plugins.thing")
    plugins = Plugins.load()
    assert list(plugins.connectors()) == ["crm"]
    assert plugins.failures[0].facts["plugin"] == "leaves"


def test_a_plugin_without_rules_may_be_absent() -> None:
    class Wrong(Offering):
        @hookimpl
        def accord_run_started(self, anything: Any) -> None: ...

    plugins = Plugins([Wrong(Shop), Offering(Crm)])
    assert list(plugins.connectors()) == ["crm"]
    assert plugins.gate(FlowStub(), MemberStub(Contacts.__new__(Contacts))) is None


def test_a_gate_registered_twice_is_asked_once() -> None:
    class Gate:
        @hookimpl
        def accord_gate(self) -> None: ...

    one = Gate()
    gate = Plugins([one, one]).gate(FlowStub(), MemberStub(Contacts.__new__(Contacts)))
    assert gate is not None
    assert gate([]) == {}


def test_a_misspelt_hook_is_named() -> None:
    class Misspelt:
        @hookimpl
        def accord_gates(self, batch: Any) -> None: ...

    plugins = Plugins([Misspelt(), Offering(Crm)])
    assert list(plugins.connectors()) == ["crm"]
    (failure,) = plugins.check_pending()
    assert failure.facts["hook"] == "accord_gates"
    assert "accord_gate," in str(failure)
    gate = plugins.gate(FlowStub(), MemberStub(Contacts.__new__(Contacts)))
    assert gate is not None
    with pytest.raises(PluginError, match="accord_gates"):
        gate([])


def test_a_wrong_argument_is_named() -> None:
    class Wrong:
        @hookimpl
        def accord_gate(self, records: Any) -> None: ...

    (failure,) = Plugins([Wrong()]).check_pending()
    assert failure.facts["hook"] == "accord_gate"
    assert "records" in str(failure)


def test_wrappers_are_refused() -> None:
    class Wrapper:
        @hookimpl(wrapper=True)
        def accord_secret(self, ref: str) -> Any:
            return (yield)

    (failure,) = Plugins([Wrapper()]).check_pending()
    assert "wrappers" in str(failure)


def test_one_object_registers_once() -> None:
    offering = Offering(Crm)
    plugins = Plugins([offering, offering])
    assert list(plugins.connectors()) == ["crm"]
    assert len(plugins.failures) == 1


def test_two_plugins_with_one_name_are_both_named() -> None:
    class Other(Offering):
        pass

    plugins = Plugins([Offering(Crm), Other(Crm, Shop)])
    assert list(plugins.connectors()) == ["shop"]
    with pytest.raises(PluginError, match=r"Other.*Offering|Offering.*Other"):
        plugins.connector("crm")


def test_an_unknown_connector_gets_a_suggestion() -> None:
    with pytest.raises(UnknownConnectorError) as caught:
        Plugins([Offering(Shop)]).connector("shopp")
    assert "Did you mean 'shop'?" in caught.value.hint
    assert "Installed are: shop." in caught.value.hint


def test_a_plugin_that_raises_is_left_out() -> None:
    class Raising:
        @hookimpl
        def accord_connectors(self) -> Any:
            raise RuntimeError("ann@example.com")

    plugins = Plugins([Raising(), Offering(Crm)])
    assert list(plugins.connectors()) == ["crm"]
    assert "RuntimeError" in str(plugins.failures[0])
    assert "ann@example.com" not in str(plugins.failures[0])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"creates": None}, "creates is not declared"),
        ({"find": None}, "needs find"),
        ({"find_by": ()}, "find_by does not name"),
        ({"deletes": "flag"}, "deletes must be of type Deletes"),
        ({"subject": "buyer"}, "subject 'buyer'"),
        ({"read": 5}, "read cannot be called"),
        ({"model": dict}, "no canonical model"),
        ({"mapping": None, "origin": 1}, "origin must be of type Origin"),
    ],
)
def test_unsound_streams_are_refused(wrong: dict[str, Any], told: str) -> None:
    stream = type("Odd", (Contacts,), wrong)
    plugins = Plugins([Offering(type("OddShop", (Shop,), {"streams": (stream,)}), Crm)])
    assert list(plugins.connectors()) == ["crm"]
    with pytest.raises(PluginError, match=told):
        plugins.connector("shop")


@pytest.mark.parametrize("name", ["mapping", "subject", "origin", "deletes"])
def test_what_has_no_default_must_be_declared(name: str) -> None:
    plain = type("Plain", (Stream,), {"name": "plain", "model": Contacts.model})
    plugins = Plugins([Offering(type("PlainShop", (Shop,), {"streams": (plain,)}))])
    with pytest.raises(PluginError, match=f"{name} is not declared"):
        plugins.connector("shop")


def test_a_connector_that_is_no_class_is_refused() -> None:
    plugins = Plugins([Offering("shop", Crm)])
    assert list(plugins.connectors()) == ["crm"]
    assert "no subclass of Connector" in str(plugins.failures[0])
