from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from accord.errors import AccessError, AccordError, AnswerShapeError, ConfigError, RetryableError
from connectors.sql.tests.database import Loyalty, change, results, rows


def test_check_names_the_database_without_secrets(loyalty: Loyalty) -> None:
    sql = loyalty.open()
    account = sql.check()
    assert account.fingerprint.startswith(f"sql:{sql.database.dialect}:")
    assert account.details["members"] == "12 columns"


def test_the_password_is_never_shown(sqlite: Loyalty) -> None:
    sql = sqlite.open(secret="postgresql+psycopg://user:s3cret@127.0.0.1:1/shop")
    assert "s3cret" not in sql.database.identity
    with pytest.raises(RetryableError) as caught:
        sql.check()
    assert "s3cret" not in f"{caught.value} {caught.value.hint} {caught.value.facts} {sql.settings_value!r}"


@pytest.mark.parametrize(
    "address",
    [
        "user:s3cret@db.example.com/shop",
        "user:/s3cret@db.example.com/shop",
        "db.example.com/shop?password=s3cret",
    ],
)
def test_a_password_in_an_open_url_is_refused_without_showing_it(sqlite: Loyalty, address: str) -> None:
    with pytest.raises(ValidationError, match="holds a password") as caught:
        sqlite.open(url=f"postgresql+psycopg://{address}")
    assert "s3cret" not in str(caught.value)


def test_another_database_has_another_fingerprint(sqlite: Loyalty, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.db").close()
    one, other = sqlite.open(), sqlite.open(url="sqlite:///other.db")
    assert one.database.identity == "sql:sqlite:loyalty.db"
    assert one.database.identity != other.database.identity


def test_a_missing_database_file_is_not_created(sqlite: Loyalty, tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="no database file"):
        sqlite.open(url="sqlite:///nowhere.db").check()
    assert not (tmp_path / "nowhere.db").exists()


def test_a_file_that_is_no_database_is_named(sqlite: Loyalty, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, however long it may be" * 99)
    with pytest.raises(AnswerShapeError, match="refused"):
        sqlite.open(url="sqlite:///text.db").check()


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x/y", "postgresql+nosuch://x/y"])
def test_a_bad_url_is_refused_without_showing_it(sqlite: Loyalty, url: str) -> None:
    with pytest.raises(ConfigError, match=r"connections\.loyalty\.url") as caught:
        sqlite.open(url=url).open_streams()
    assert url not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"table": "nowhere"}, "no table 'nowhere'"),
        ({"key": "nr"}, "no column 'nr'"),
        ({"deleted": "removed"}, "no column 'removed'"),
        ({"fields": {"email": "mail"}}, "no column 'mail'"),
        ({"table": None}, "either `table` or `query`"),
        ({"query": "SELECT 1"}, "either `table` or `query`"),
        ({"upsert_by": "number"}, "`upsert_by`"),
        ({"fields": {"emial": "email"}}, "no field 'emial'"),
    ],
)
def test_a_wrong_name_is_told_with_its_key(loyalty: Loyalty, config: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        loyalty.open(**config).check()
    assert "connections.loyalty.streams.members" in str(caught.value)


def test_a_wrong_query_is_refused_without_its_text(loyalty: Loyalty) -> None:
    with pytest.raises(AccordError) as caught:
        loyalty.open(table=None, query="SELECT secret FROM nowhere").check()
    assert "secret" not in str(caught.value)


def test_refused_rights_ask_a_person(postgres: str, tmp_path: Path) -> None:
    owner = Loyalty(postgres, tmp_path)
    try:
        owner.run("DROP ROLE IF EXISTS guest")
        owner.run("CREATE ROLE guest LOGIN")
        owner.put({"id": 1})
        guest = postgres.replace("postgres:@", "guest:@")
        assert guest != postgres
        stream = owner.writable(url=guest)
        with pytest.raises(AccessError, match="42501"):
            rows(stream)
        owner.run("GRANT SELECT ON members TO guest")
        with pytest.raises(AccessError):
            stream.update([change({"points": 1}, "1")])
        with pytest.raises(AccessError):
            owner.open(url=postgres.replace("/postgres?", "/nowhere?")).check()
    finally:
        owner.run("DROP OWNED BY guest")
        owner.run("DROP ROLE guest")
        owner.close()


def test_a_locked_database_is_tried_later(sqlite: Loyalty, tmp_path: Path) -> None:
    sqlite.put({"id": 1})
    stream = sqlite.writable(url="sqlite:///loyalty.db?timeout=0")
    holder = sqlite3.connect(tmp_path / "loyalty.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert len(rows(stream)) == 1
        assert results(stream.update([change({"points": 1}, "1")])) == ["retry"]
    finally:
        holder.close()
    assert results(stream.update([change({"points": 1}, "1")])) == ["done"]


def test_a_closed_connection_is_opened_again(loyalty: Loyalty) -> None:
    sql = loyalty.open()
    sql.check()
    sql.close()
    assert sql.check().fingerprint
