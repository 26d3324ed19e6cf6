"""Finding, refusing and naming plugins."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from accord.connector import Stream
from accord.errors import PluginError, UnknownConnectorError
from accord.hookspecs import hookimpl
from accord.http import Call
from accord.plugins import CONNECTORS, GROUP, Plugins, installed
from tests.unit.plugins.samples import Contacts, Crm, FlowStub, MemberStub, Offering, Shop

GATE = """
from accord import hookimpl

@hookimpl
def accord_gate():
    return None
"""


def points(
    monkeypatch: pytest.MonkeyPatch, group: str = GROUP, others: Sequence[EntryPoint] = (), **named: str
) -> None:
    """Pretend that these entry points are installed, and no others."""
    found = EntryPoints([*others, *(EntryPoint(name, value, group) for name, value in named.items())])
    monkeypatch.setattr(installed, "entry_points", lambda group: found.select(group=group))


def module(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> str:
    """Write a module that can be imported."""
    (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    return name


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


def test_a_connector_is_loaded_without_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, CONNECTORS, crm="tests.unit.plugins.thing", other="no_such_module_anywhere")
    plugins = Plugins.load()
    assert plugins.connector("crm").name == "crm"
    assert not plugins.failures


def test_a_broken_connector_stops_only_those_who_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, CONNECTORS, crm="tests.unit.plugins.thing", other="no_such_module_anywhere")
    plugins = Plugins.load()
    with pytest.raises(PluginError, match="plugin other: it cannot be loaded") as caught:
        plugins.connector("other")
    assert "Connections of other connectors go on." in caught.value.hint
    assert list(plugins.connectors()) == ["crm"]
    assert plugins.gate(FlowStub(), MemberStub(Contacts.__new__(Contacts))) is None


def test_one_module_may_offer_several_connectors(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, CONNECTORS, crm="tests.unit.plugins.two", shop="tests.unit.plugins.two")
    plugins = Plugins.load()
    assert plugins.connector("shop").name == "shop"
    assert list(plugins.connectors()) == ["crm", "shop"]
    assert not plugins.failures


def test_a_connector_needs_an_entry_point_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, CONNECTORS, crm="tests.unit.plugins.two")
    plugins = Plugins.load()
    assert list(plugins.connectors()) == ["crm"]
    (failure,) = plugins.failures
    assert 'shop = "tests.unit.plugins.two"' in str(failure)


def test_two_distributions_that_claim_one_name_are_both_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    twin = module(tmp_path, monkeypatch, "twin_of_thing", "from tests.unit.plugins.thing import *\n")
    points(monkeypatch, CONNECTORS, [EntryPoint("crm", twin, CONNECTORS)], crm="tests.unit.plugins.thing")
    with pytest.raises(PluginError, match="offered by crm too"):
        Plugins.load().connector("crm")


def test_a_plugin_and_its_connector_may_have_one_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rules = module(tmp_path, monkeypatch, "rules_of_crm", GATE)
    points(monkeypatch, CONNECTORS, [EntryPoint("crm", rules, GROUP)], crm="tests.unit.plugins.thing")
    plugins = Plugins.load()
    assert plugins.connector("crm").name == "crm"
    assert plugins.gate(FlowStub(), MemberStub(Contacts.__new__(Contacts))) is not None
    assert not plugins.failures


def test_a_rule_may_not_hide_behind_a_connector(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = f"from tests.unit.plugins.thing import *\n{GATE}"
    points(monkeypatch, CONNECTORS, crm=module(tmp_path, monkeypatch, "hidden_rule", text))
    plugins = Plugins.load()
    with pytest.raises(PluginError, match="may offer connectors only") as caught:
        plugins.connector("crm")
    assert caught.value.facts["hook"] == "accord_gate"
    gate = plugins.gate(FlowStub(), MemberStub(Contacts.__new__(Contacts)))
    assert gate is not None
    with pytest.raises(PluginError, match="may offer connectors only"):
        gate([])


def test_a_disabled_connector_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, CONNECTORS, crm="tests.unit.plugins.thing")
    monkeypatch.setenv("ACCORD_DISABLE_PLUGINS", "crm")
    with pytest.raises(UnknownConnectorError):
        Plugins.load().connector("crm")


def test_disabled_plugins_are_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, broken="no_such_module_anywhere", thing="tests.unit.plugins.thing")
    monkeypatch.setenv("ACCORD_DISABLE_PLUGINS", "thing, broken")
    plugins = Plugins.load()
    assert not plugins.connectors()
    assert not plugins.failures


def test_nothing_is_loaded_before_the_first_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "entry_points", lambda group: pytest.fail("loaded too early"))
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
    leaves = module(tmp_path, monkeypatch, "leaves_at_once", "raise SystemExit(0)\n")
    points(monkeypatch, leaves=leaves, thing="tests.unit.plugins.thing")
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
        ({"reference": 7}, "reference must be a text"),
        (
            {"update": Call("PATCH", "/contacts/{id}")},
            r"the path of update names {id}.* the record's is {key}",
        ),
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
