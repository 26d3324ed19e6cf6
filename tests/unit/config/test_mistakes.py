"""Every mistake is told with key, line and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.config import load, parse
from accord.errors import ConfigError
from accord.plugins import Plugins
from tests.unit.config.samples import GOOD, changed, good, plugins, problems


def line(text: str) -> int:
    """The line of the good configuration that begins so."""
    return next(i for i, each in enumerate(GOOD.splitlines(), 1) if each.startswith(text))


def test_the_good_one_is_good() -> None:
    assert set(good().connections) == {"shop", "crm", "letter"}


@pytest.mark.parametrize(
    ("old", "new", "key", "told"),
    [
        ('store = "sqlite:///accord.db"', 'stor = "x"', "accord.stor", "did you mean 'store'"),
        ('store = "sqlite:///accord.db"', 'store = "mysql://x"', "accord.store", "expected sqlite:///PATH"),
        ('store = "sqlite:///accord.db"', 'store = "sqlite:/x"', "accord.store", "expected sqlite:///PATH"),
        ('store = "sqlite:///accord.db"', "store = 5", "accord.store", "expected a text"),
        ('connector = "shop"', 'connector = "shopp"', "connections.shop.connector", "Did you mean 'shop'"),
        ('connector = "shop"', "connector = 1", "connections.shop.connector", "expected a text"),
        ('token = "env:SHOP_TOKEN"', 'tokn = "env:X"', "connections.shop.tokn", "did you mean 'token'"),
        ('token = "env:SHOP_TOKEN"', 'token = ["x"]', "connections.shop.token", "reference"),
        ('disabled = ["leads"]', 'disabled = ["lead"]', "connections.crm.disabled[0]", "mean 'leads'"),
        ('disabled = ["leads"]', 'disabled = "leads"', "connections.crm.disabled", "expected a list"),
        ('disabled = ["leads"]', 'canary = { lead = "7" }', "connections.crm.canary.lead", "mean 'leads'"),
        ('disabled = ["leads"]', "canary = { contacts = 7 }", "connections.crm.canary.contacts", "a text"),
        ('base_url = "http://127.0.0.1:8711"', 'base_url = "x"', "connections.letter.base_url", "URL"),
        ('model = "customer"', 'model = "custmer"', "flows.customers.model", "did you mean 'customer'"),
        ('both = ["shop", "crm"]', 'both = ["shop", "crn"]', "flows.customers.both[1]", "did you mean 'crm'"),
        ('both = ["shop", "crm"]', 'bth = ["shop"]', "flows.customers.bth", "did you mean 'both'"),
        ('both = ["shop", "crm"]', 'both = ["shop.contact", "crm"]', "flows.customers.both[0]", "'contacts'"),
        ('both = ["shop", "crm"]', 'both = ["shop.orders", "crm"]', "flows.customers.both[0]", "order"),
        ('to = ["letter"]', 'to = ["letter", "crm.contacts"]', "flows.customers.to[1]", "named twice"),
        ('to = ["letter"]', 'to = ["letter", "shop"]', "flows.customers.to[1]", "named twice"),
        ('from = ["shop"]', 'both = ["shop"]', "flows.orders.purpose", "service.transactional"),
        ('from = ["shop"]', "guests = true", "flows.orders", "names no connection"),
        ('from = ["shop"]', 'from = ["letter"]', "flows.orders.from[0]", "no stream of order"),
        ('match = ["email"', 'match = ["emial"', "flows.customers.match[0]", "did you mean 'email'"),
        ('match = ["email"', 'match = ["tags"', "flows.customers.match[0]", "to match by"),
        ('conflict = "latest"', 'conflict = "newest"', "flows.customers.conflict", "prefer:CONNECTION"),
        ('conflict = "latest"', 'conflict = "prefer:crmm"', "flows.customers.conflict", "did you mean 'crm'"),
        ('delete = "detach"', 'delete = "purge"', "flows.customers.delete", "'propagate'"),
        ('schedule = "every 10m"', 'schedule = "10m"', "flows.customers.schedule", "every 10m"),
        ('schedule = "every 10m"', 'schedule = "61 * * * *"', "flows.customers.schedule", "Bad minute"),
        ('schedule = "every 10m"', 'schedule = "0 0 31 2 *"', "flows.customers.schedule", "Bad day"),
        ('filter.letter = "', 'filter.letter = "contry == 1 or ', "flows.customers.filter.letter", "contry"),
        ("filter.letter", "filter.leter", "flows.customers.filter.leter", "did you mean 'letter'"),
        ("loyalty_tier = {", "loyalty_ter = {", "flows.customers.fields.loyalty_ter", "'loyalty_tier'"),
        ('owner = "shop"', 'owner = "letter"', "flows.customers.fields.loyalty_tier.owner", "not read"),
        ('owner = "shop"', 'ower = "shop"', "flows.customers.fields.loyalty_tier.ower", "'owner'"),
        ('"5%"', '"five"', "flows.customers.limits.max_deletes", "percentage"),
        ('"5%"', "-1", "flows.customers.limits.max_deletes", "percentage"),
        ("5000", '"many"', "flows.customers.limits.max_creates", "expected a whole number"),
        ("[connections.crm.mapping.contacts]", "[connections.crm.mapping.contact]",
         "connections.crm.mapping.contact", "did you mean 'contacts'"),
        ('"custom.shoe_size"', '"shoe_size"', "connections.crm.mapping.contacts.shoe_size", "no field"),
    ],
)  # fmt: skip
def test_a_mistake_names_key_and_line(old: str, new: str, key: str, told: str) -> None:
    found = problems(changed(old, new))
    assert [each[0] for each in found if each[0] == key] == [key], found
    place = next(each for each in found if each[0] == key)
    wanted = next(i for i, each in enumerate(GOOD.splitlines(), 1) if old in each)
    expected = {"flows.orders": line("[flows.orders]"), "flows.orders.purpose": line("[flows.orders]")}
    assert place[1] == expected.get(key, wanted)
    assert told in place[2]


def test_all_mistakes_are_told_at_once() -> None:
    text = (
        changed('model = "customer"', 'model = "custmer"').replace("5000", '"many"').replace("SHOP_TOKEN", "")
    )
    found = problems(text)
    assert {each[0] for each in found} == {
        "connections.shop.token",
        "flows.customers.model",
        "flows.customers.limits.max_creates",
    }


def test_one_wrong_key_hides_no_other_of_its_flow() -> None:
    text = changed('delete = "detach"', 'delete = "purge"').replace('to = ["letter"]', 'to = ["lettr"]')
    assert {"flows.customers.delete", "flows.customers.to[0]"} <= {each[0] for each in problems(text)}


def test_a_purpose_is_one_of_the_known() -> None:
    text = changed('letter = "marketing.direct"', 'letter = "marketing.drect"')
    assert problems(text) == [
        (
            "flows.customers.purpose.letter",
            line("purpose"),
            "there is no purpose 'marketing.drect', did you mean 'marketing.direct'?",
        )
    ]


def test_a_written_connection_without_purpose_is_named() -> None:
    text = changed(', letter = "marketing.direct"', "")
    assert problems(text) == [
        ("flows.customers.purpose", line("purpose"), "letter is written and has no purpose")
    ]


def test_several_streams_of_one_model_must_be_named() -> None:
    ((key, at, told),) = problems(changed('disabled = ["leads"]', ""))
    assert (key, at) == ("flows.customers.both[1]", line("both"))
    assert '"crm.contacts", "crm.leads"' in told


def test_a_stream_belongs_to_one_flow() -> None:
    text = GOOD + '\n[flows.again]\nmodel = "customer"\nfrom = [\n  "crm",\n]\n'
    ((key, at, told),) = problems(text)
    assert (key, at) == ("flows.again.from[0]", text.splitlines().index('  "crm",') + 1)
    assert "in the flow 'customers' already" in told


def test_a_stream_that_cannot_be_read_is_refused() -> None:
    text = changed('both = ["shop", "crm"]', 'both = ["shop", "crm", "letter"]').replace(
        'to = ["letter"]\n', ""
    )
    assert "cannot be read" in problems(text)[0][2]


@pytest.mark.parametrize("name", ['"a.b"', '"a b"', '"é"', '"1a"', '""'])
def test_odd_names_are_refused(name: str) -> None:
    found = problems(f'[connections.{name}]\nconnector = "crm"\n')
    assert found[0][1] == 1
    assert "a name has letters" in found[0][2]


@pytest.mark.parametrize(
    ("text", "at"),
    [("a = ", 1), ("\n[x\n", 2), ("a = 1\na = 2\n", 2), ('a = "x\n', 1), ("x = [1,\n", 1), ("[" * 5000, 1)],
)
def test_bad_syntax_names_the_line(text: str, at: int) -> None:
    ((_, found, told),) = problems(text)
    assert found == at
    assert "not TOML" in told


def test_tables_of_the_wrong_type_are_told() -> None:
    assert problems("connections = 1\nflows = []\naccord = 2\nx = 1\n") == [
        ("connections", 1, "expected tables [connections.NAME]"),
        ("flows", 2, "expected tables [flows.NAME]"),
        ("accord", 3, "expected a table"),
        ("x", 4, "unknown key, known are accord, connections, consent, flows"),
    ]
    assert problems("[flows]\na = 1\n[connections]\nb = 2\n") == [
        ("flows.a", 2, "expected a table"),
        ("connections.b", 4, "expected a table"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"env:SHOP_TOKEN"', '"hunter2"'),
        ('"env:SHOP_TOKEN"', '"shpat:hunter2"'),
        ('"http://127.0.0.1:8711"', '"http://ann:hunter2@example.com"'),
        ('"http://127.0.0.1:8711"', '"http://ann:/hunter2@example.com"'),
        ('"http://127.0.0.1:8711"', '"http://example.com?Api_Key=hunter2"'),
        ('"sqlite:///accord.db"', '"postgresql+psycopg://ann:hunter2@example.com/a"'),
        ('"sqlite:///accord.db"', '"postgresql+psycopg://ann:h/unter2hunter2@example.com/a"'),
        ('"sqlite:///accord.db"', '"postgresql+psycopg://example.com/a?sslpassword=hunter2"'),
        ('"env:SHOP_TOKEN"', '"env:SHOP_TOKEN"\ntokn = "hunter2"'),
        ('"env:SHOP_TOKEN"', '{ hunter2 = "hunter2" }'),
    ],
)
def test_a_literal_secret_is_refused_and_never_shown(old: str, new: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(changed(old, new), plugins())
    error = caught.value
    shown = [str(error), error.hint, str(error.facts), str(error.__cause__), str(error.__context__)]
    assert "hunter2" not in " ".join(shown)


def test_a_literal_secret_is_told_the_forms() -> None:
    ((key, at, told),) = problems(changed("env:SHOP_TOKEN", "hunter2"))
    assert (key, at) == ("connections.shop.token", line("token"))
    assert "env:NAME, keyring:SERVICE/USER or store:NAME" in told


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"[accord]\n# caf\xe9\n")
    for path, told in [
        (tmp_path / "none.toml", "no such file"),
        (tmp_path, "cannot be read"),
        (latin, ":2: "),
    ]:
        with pytest.raises(ConfigError, match=told):
            load(path, plugins())


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8-sig")
    assert load(tmp_path / "a.toml", plugins()).root == tmp_path


def test_the_message_is_one_line_per_mistake(tmp_path: Path) -> None:
    file = tmp_path / "accord.toml"
    file.write_text(changed("every 10m", "10m").replace("5000", '"x"'), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, plugins())
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{file}:{line('schedule')}: flows.customers.schedule: ")
    assert second.startswith(f"{file}:{line('max_creates')}: ")
    assert caught.value.facts["line"] == line("schedule")


KNOWN = plugins()
words = st.sampled_from(
    [
        "accord",
        "connections",
        "flows",
        "shop",
        "connector",
        "model",
        "customer",
        "both",
        "filter",
        "purpose",
        "token",
    ]
)
values = st.recursive(
    st.one_of(
        words, st.text(max_size=8), st.integers(), st.booleans(), st.floats(allow_nan=False), st.just("env:X")
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=4)),
    max_leaves=12,
)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, (int, float)) else f"'''{value}'''"


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_arbitrary_text_gives_no_traceback(text: str) -> None:
    _survives(text, KNOWN)


@settings(max_examples=200)
@given(st.dictionaries(words, values, max_size=4))
def test_arbitrary_tables_give_no_traceback(tables: dict[str, object]) -> None:
    _survives("\n".join(f"{key} = {_toml(value)}" for key, value in tables.items()), KNOWN)


@settings(max_examples=200)
@given(st.sampled_from(GOOD.splitlines()), values)
def test_an_arbitrary_value_gives_no_traceback(at: str, value: object) -> None:
    key, sign, _ = at.partition(" = ")
    _survives(GOOD.replace(at, f"{key} = {_toml(value)}" if sign else ""), KNOWN)


def _survives(text: str, known: Plugins) -> None:
    told = [{"message": "none"}]
    try:
        parse(text, known)
    except ConfigError as error:
        told = error.facts["problems"]
    assert told
    assert all(each["message"] for each in told)
