"""The configuration as objects: from Python, opened, published."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pydantic
import pytest

from accord.config import (
    Config,
    ConnectionConfig,
    ConnectionFacts,
    FlowConfig,
    LimitsConfig,
    StreamFacts,
    check,
    declarations,
    json_schema,
    load,
    members,
    opened,
    parse,
    preferred,
    template,
)
from accord.config.settings import secret_paths
from accord.connector import Connector, Settings, Stream
from accord.errors import ConfigError, SecretMissingError
from accord.hookspecs import hookimpl
from accord.mapping.declared import DeclaredStream
from accord.plugins import Plugins
from tests.unit.config.samples import GOOD, good, plugins
from tests.unit.plugins.samples import Offering, ShopSettings


def shop(**settings: Any) -> ConnectionConfig:
    return ConnectionConfig(connector="shop", **settings)


def test_python_objects_are_checked_like_a_file() -> None:
    flow = FlowConfig(model="customer", both=("shop", "crm.contacts"), purpose="service.support")
    connections = {"shop": shop(token="env:SHOP_TOKEN"), "crm": ConnectionConfig(connector="crm")}
    check(Config(connections=connections, flows={"people": flow}), plugins())
    with pytest.raises(ConfigError, match=r"configuration: connections\.shop\.token: expected a reference"):
        check(Config(connections={"shop": shop(token="hunter2")}), plugins())


def test_objects_do_not_change() -> None:
    with pytest.raises(pydantic.ValidationError):
        good().accord.store = "x"  # type: ignore[misc]


def test_no_object_shows_a_secret() -> None:
    connection = shop(token="hunter2")
    assert "hunter2" not in repr(connection) + str(connection) + repr(
        Config(connections={"shop": connection})
    )
    with pytest.raises(pydantic.ValidationError) as caught:
        FlowConfig(model="hunter2", purpose=7)
    assert "input_value" not in str(caught.value)


def test_secrets_resolve_when_a_connection_opens() -> None:
    connection = good().connections["shop"]
    assert connection.settings == {"token": "env:SHOP_TOKEN"}
    settings = opened(ShopSettings, connection, "shop", lambda ref: f"value of {ref}")
    assert settings.token.get_secret_value() == "value of env:SHOP_TOKEN"


def test_a_secret_given_in_python_stays() -> None:
    connection = shop(token=pydantic.SecretStr("s3cret"))
    check(Config(connections={"shop": connection}), plugins())
    assert opened(ShopSettings, connection, "shop", pytest.fail).token.get_secret_value() == "s3cret"


def test_a_missing_secret_stops_the_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    with pytest.raises(SecretMissingError, match=r"connections\.shop\.token: env:SHOP_TOKEN"):
        opened(ShopSettings, good().connections["shop"], "shop", plugins().secret)


class Nested(pydantic.BaseModel):
    word: pydantic.SecretStr | None = None


class Deep(Settings):
    keys: dict[str, Nested] = pydantic.Field(default={})
    more: list[pydantic.SecretStr] = pydantic.Field(default=[])
    long: pydantic.SecretStr | None = None

    @pydantic.field_validator("long")
    @classmethod
    def _long(cls, value: pydantic.SecretStr | None) -> pydantic.SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 20:
            raise ValueError("too short")
        return value


def test_secrets_are_found_at_any_depth() -> None:
    raw = {"keys": {"a": {"word": "env:A"}, "b": {}}, "more": ["env:B"]}
    assert set(secret_paths(Deep, raw)) == {("keys", "a", "word"), ("more", 0)}
    connection = ConnectionConfig(connector="deep", **raw)
    settings = opened(Deep, connection, "deep", lambda ref: ref[-1])
    assert settings.keys["a"].word == pydantic.SecretStr("A")
    assert settings.more == [pydantic.SecretStr("B")]


def test_a_secret_is_judged_by_its_value() -> None:
    class DeepShop(Connector[Deep]):
        name = "deep"
        settings = Deep

        def open_streams(self) -> list[Stream]:
            return []

    connection = ConnectionConfig(connector="deep", long="env:X")
    check(Config(connections={"deep": connection}), plugins(DeepShop))
    assert opened(Deep, connection, "deep", lambda ref: "a" * 20).long == pydantic.SecretStr("a" * 20)
    with pytest.raises(
        ConfigError, match=r"connections\.deep\.long: the connector does not take this secret"
    ):
        opened(Deep, connection, "deep", lambda ref: "short")


def test_other_references_need_their_plugin() -> None:
    class Vault(Offering):
        @hookimpl
        def accord_secret(self, ref: str) -> str | None:
            return None

    text = GOOD.replace("env:SHOP_TOKEN", "vault:shop")
    with pytest.raises(ConfigError):
        parse(text, plugins())
    known = Plugins([Vault(*plugins().connectors().values())])
    assert parse(text, known).connections["shop"].settings["token"] == "vault:shop"


class DropSettings(Settings):
    streams: dict[str, DeclaredStream]


class Drop(Connector[DropSettings]):
    name = "drop"
    settings = DropSettings

    def open_streams(self) -> list[Stream]:
        return []


DROP = """\
[connections.till]
connector = "drop"
[connections.till.streams.buyers]
model = "customer"
fields = { email = "mail" }
[flows.people]
model = "MODEL"
from = ["till"]
"""


def test_streams_from_settings_are_known() -> None:
    assert parse(DROP.replace("MODEL", "customer"), plugins(Drop)).flows["people"].from_ == ("till",)
    with pytest.raises(ConfigError, match="no stream of order records"):
        parse(DROP.replace("MODEL", "order"), plugins(Drop))


@pytest.mark.parametrize(
    ("field", "key", "told"),
    [
        ('{ column = "mail", contry = "FR" }', "email.contry", "did you mean 'country'?"),
        ('{ column = "mail", invalid = "unsett" }', "email.invalid", "expected 'error' or 'unset'"),
        (
            '{ column = "mail", country = "France" }',
            "email.country",
            "not an ISO 3166-1 alpha-2 country code",
        ),
        ('{ colum = "mail" }', "email.column", "this key is missing"),
    ],
)
def test_a_mistake_in_a_fields_table_is_told_without_the_other_forms_of_a_field(
    field: str, key: str, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(DROP.replace('"mail"', field, 1).replace("MODEL", "customer"), plugins(Drop))
    found = caught.value.facts["problems"]
    assert any(each["key"].endswith(key) and told in each["message"] for each in found)
    assert not any(each["key"].endswith(".str") or "expected a text" in each["message"] for each in found)


def test_members_keep_the_order_of_the_flow() -> None:
    flow = good().flows["customers"]
    facts = {
        name: ConnectionFacts({"contacts": StreamFacts("customer", reads=True, writes=True)})
        for name in ("shop", "crm", "letter")
    }
    found = members(flow, facts, lambda path, why: pytest.fail(why))
    assert [(m.connection, m.stream, m.reads, m.writes, m.priority, m.purpose) for m in found] == [
        ("shop", "contacts", True, True, 0, "service.transactional"),
        ("crm", "contacts", True, True, 1, "service.support"),
        ("letter", "contacts", False, True, 2, "marketing.direct"),
    ]
    accepts = found[2].accepts(flow.model)
    assert accepts is not None
    assert accepts({"addresses": {"default": {"country": "FR"}}})
    assert not accepts({})
    assert found[0].accepts(flow.model) is None


def test_a_stream_may_have_its_own_purpose() -> None:
    flow = FlowConfig(
        model="customer",
        both=("crm.contacts", "crm.leads"),
        purpose={"crm": "service.support", "crm.leads": "marketing.direct"},
        guests={"crm.leads": False},
    )
    facts = {"crm": ConnectionFacts({"contacts": StreamFacts("customer"), "leads": StreamFacts("customer")})}
    found = members(flow, facts, lambda path, why: pytest.fail(why))
    assert [(m.purpose, m.guests) for m in found] == [("service.support", True), ("marketing.direct", False)]


def test_custom_fields_become_declarations() -> None:
    connection = good().connections["crm"]
    (declared,) = declarations(connection, "crm", "contacts", "customer")
    assert declared.canonical == (("custom", "shoe_size"),)
    assert declarations(connection, "crm", "leads", "customer") == ()


@pytest.mark.parametrize(
    ("limit", "share", "least"), [("5%", 0.05, 20), ("12.5 %", 0.125, 20), (7, 0.0, 7), (0, 0.0, 0)]
)
def test_limits_are_a_share_or_a_number(limit: Any, share: float, least: int) -> None:
    limits = LimitsConfig(max_deletes=limit)
    assert (limits.deletes_share, limits.deletes_least) == (share, least)


def test_records_are_matched_by_a_safe_default() -> None:
    assert FlowConfig(model="customer").match_keys == ("email",)
    assert FlowConfig(model="order").match_keys == ()
    assert FlowConfig(model="customer", match=()).match_keys == ()


def test_preferences_have_an_order() -> None:
    assert preferred("prefer:shop, crm") == ("shop", "crm")
    assert preferred("latest") == ()


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ("sqlite:///accord.db", "sqlite:///{}/accord.db"),
        ("sqlite:////var/a.db", "sqlite:////var/a.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://db.example.com/a", "postgresql+psycopg://db.example.com/a"),
    ],
)
def test_the_store_stands_beside_the_file(tmp_path: Path, store: str, url: str) -> None:
    (tmp_path / "accord.toml").write_text(f'[accord]\nstore = "{store}"\n', encoding="utf-8")
    assert load(tmp_path / "accord.toml", plugins()).store_url() == url.format(tmp_path)


def test_a_store_behind_a_reference_must_be_one() -> None:
    config = parse('[accord]\nstore = "env:STORE"\n', plugins())
    assert config.store_url("postgresql+psycopg://u:p@db.example.com/a").startswith("postgresql")
    with pytest.raises(ConfigError, match="env:STORE leads to is no address") as caught:
        config.store_url("hunter2")
    assert "hunter2" not in str(caught.value)


def test_the_template_is_valid_and_so_when_uncommented() -> None:
    assert parse(template(), plugins()).connections == {}
    lines = [line.removeprefix("# ") if line.startswith("# ") else line for line in template().splitlines()]
    kept = [line for line in lines if line.startswith("[") or " = " in line]
    told = []
    try:
        parse("\n".join(kept), plugins())
    except ConfigError as error:
        told = [each["message"] for each in error.facts["problems"]]
    assert all("no installed plugin offers" in each for each in told)


def test_the_schema_describes_every_connector() -> None:
    schema = json_schema(plugins())
    json.dumps(schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    valid = jsonschema.Draft202012Validator(schema)
    document = tomllib.loads(GOOD)
    assert valid.is_valid(document), list(valid.iter_errors(document))
    document["connections"]["shop"]["tokn"] = "x"
    assert not valid.is_valid(document)
