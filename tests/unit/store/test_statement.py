from __future__ import annotations

from typing import Any

import pytest

from accord.errors import StateError
from accord.store.address import parse
from accord.store.statement import Statement

ASKED = Statement("SELECT a FROM t WHERE b = :b AND id IN :ids AND c || '%' = :b")
HASHED = Statement("DELETE FROM t WHERE hmac IN BYTES :hmacs")


def test_a_statement_is_translated_for_each_database() -> None:
    assert ASKED.form("sqlite").sql == (
        "SELECT a FROM t WHERE b = ? AND id IN (SELECT value FROM json_each(?)) AND c || '%' = ?"
    )
    assert ASKED.form("postgresql").sql == (
        "SELECT a FROM t WHERE b = %(b)s AND id = ANY(%(ids)s) AND c || '%%' = %(b)s"
    )
    assert ASKED.form("sqlite") is ASKED.form("sqlite")


def test_parameters_are_put_in_the_order_of_the_text() -> None:
    form = ASKED.form("sqlite")
    given = {"ids": iter(["x", "y"]), "b": 1}
    assert form.fill(given)
    assert form.bound(given) == (1, '["x","y"]', 1)


def test_an_array_is_bound_by_name() -> None:
    form = ASKED.form("postgresql")
    given = {"ids": {"x": None}, "b": 1}
    assert form.fill(given)
    assert form.bound(given) == {"ids": ["x"], "b": 1}


def test_rows_may_be_told_in_the_order_of_the_text() -> None:
    put = Statement("INSERT INTO t (a, b) VALUES (:a, :b)")
    assert list(put.form("sqlite").rows([(1, 2)])) == [(1, 2)]
    assert list(put.form("sqlite").rows([{"b": 2, "a": 1}])) == [(1, 2)]
    assert list(put.form("postgresql").rows([(1, 2)])) == [{"a": 1, "b": 2}]
    assert list(put.form("postgresql").rows([{"b": 2, "a": 1}])) == [{"a": 1, "b": 2}]


def test_what_is_rare_is_asked_for_first_where_that_is_no_way_to_a_server() -> None:
    asked = Statement("SELECT a FROM t WHERE id IN :ids", rare="SELECT a FROM t")
    assert asked.form("sqlite").first == "SELECT a FROM t LIMIT 1"
    assert not asked.form("postgresql").first
    assert not ASKED.form("sqlite").first


def test_sqlite_can_be_told_which_index_to_take() -> None:
    asked = Statement("SELECT a FROM t WHERE b = :b", sqlite="SELECT a FROM t INDEXED BY i WHERE b = :b")
    assert asked.form("sqlite").sql == "SELECT a FROM t INDEXED BY i WHERE b = ?"
    assert asked.form("postgresql").sql == "SELECT a FROM t WHERE b = %(b)s"


def test_a_list_can_be_named_twice() -> None:
    form = Statement("SELECT a FROM t WHERE a IN :ids UNION ALL SELECT a FROM t WHERE b IN :ids").form(
        "sqlite"
    )
    given = {"ids": ["x", "y"]}
    assert form.fill(given)
    assert form.bound(given) == ('["x","y"]', '["x","y"]')


def test_a_list_can_be_a_table() -> None:
    listed = Statement("INSERT INTO t (a) SELECT value FROM EACH :ids WHERE true")
    assert listed.form("sqlite").sql == "INSERT INTO t (a) SELECT value FROM json_each(?) WHERE true"
    assert listed.form("postgresql").sql == (
        "INSERT INTO t (a) SELECT value FROM unnest(CAST(%(ids)s AS text[])) AS each (value) WHERE true"
    )
    given: dict[str, Any] = {"ids": iter(["x"])}
    assert listed.form("sqlite").fill(given)
    assert given == {"ids": '["x"]'}
    assert not listed.form("sqlite").fill({"ids": []})


def test_hashes_are_cut_from_one_value() -> None:
    form = HASHED.form("sqlite")
    given = {"hmacs": [b"ab", b"cd"]}
    assert form.fill(given)
    assert form.bound(given) == (b"abcd", 2, 2, "[0,1]")


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_an_empty_list_need_not_be_asked(dialect: str) -> None:
    assert not ASKED.form(dialect).fill({"ids": [], "b": 1})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////srv/accord.db", "sqlite:////srv/accord.db"),
        ("sqlite:///accord.db", "sqlite:///accord.db"),
        ("postgresql://ann:s3/cr:et@db.example.com:5432/a", "postgresql://ann:***@db.example.com:5432/a"),
        (
            "postgresql+psycopg://ann@/a?host=/run/pg&password=s3cret",
            "postgresql+psycopg://ann@/a?host=/run/pg",
        ),
        ("postgresql://ann:s3cret@[::1]:1/a", "postgresql://ann:***@[::1]:1/a"),
        ("postgresql://db.example.com", "postgresql://db.example.com/"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert parse(url).shown() == shown


def test_a_password_is_written_with_percent_signs() -> None:
    address = parse("postgresql://ann%40home:p%40ss@db.example.com/a?options=-csearch_path%3Dx")
    assert (address.user, address.password, address.host) == ("ann@home", "p@ss", "db.example.com")
    assert address.options == (("options", "-csearch_path=x"),)


@pytest.mark.parametrize("url", ["accord.db", "", "ann:s3cret@db.example.com"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(StateError, match="not understood") as caught:
        parse(url)
    assert "s3cret" not in f"{caught.value}{caught.value.hint}{caught.value.facts}"
