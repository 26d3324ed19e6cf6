from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from accord.errors import StateError
from accord.store import Store, migrations, schema
from accord.store.database import open_database
from accord.store.tables import SCHEMA_VERSION, TABLES
from tests.stores import StepEnv

NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0008", "0007"
def upgrade():
    with op.batch_alter_table("account") as batch:
        batch.add_column(sa.Column("note", sa.Text()))
"""


def shape(url: str) -> dict[str, Any]:
    """All that the database knows of its tables, without the schema's name."""
    database = open_database(url, 1.0)
    with migrations.engine(database).connect() as connection:
        found = inspect(connection)
        tables = sorted(found.get_table_names())
        shape: dict[str, Any] = {
            name: (
                [
                    (str(column["type"]), column["name"], column["nullable"])
                    for column in found.get_columns(name)
                ],
                found.get_pk_constraint(name)["constrained_columns"],
                sorted(map(_index, found.get_indexes(name)), key=str),
            )
            for name in tables
        }
        if connection.dialect.name == "sqlite":
            narrow = connection.exec_driver_sql("SELECT name, wr FROM pragma_table_list WHERE type = 'table'")
            shape["narrow"] = sorted((name, wr) for name, wr in narrow if name in tables)
    database.close()
    return shape


def _index(index: Any) -> tuple[Any, ...]:
    where = index["dialect_options"].get("postgresql_where") or index["dialect_options"].get("sqlite_where")
    return index["name"], index["column_names"], bool(index["unique"]), str(where)


def test_versions_are_four_digits_and_end_at_ours() -> None:
    scripts = ScriptDirectory.from_config(migrations.config())
    assert scripts.get_heads() == [SCHEMA_VERSION]
    assert all(len(script.revision) == 4 and script.revision.isdigit() for script in scripts.walk_revisions())


def test_migrations_make_the_same_schema(store_url: str, env: StepEnv) -> None:
    database = open_database(store_url, 1.0)
    migrations.run(database)
    migrated = shape(store_url)
    with database.writing() as driver:
        for table in TABLES:
            driver.execute(f'DROP TABLE "{table.name}"')
    database.close()
    Store.open(store_url, env).close()
    assert shape(store_url) == migrated
    assert {name for name in migrated if name != "narrow"} == {table.name for table in TABLES}


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An Accord whose schema is one version ahead."""
    folder = tmp_path / "versions"
    folder.mkdir()
    (folder / "r0008_note.py").write_text(NEXT)
    made = migrations.config()
    made.set_main_option("path_separator", "newline")
    ours = Path(migrations.__file__).parent / "versions"
    made.set_main_option("version_locations", f"{ours}\n{folder}")
    monkeypatch.setattr(migrations, "config", lambda: made)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", "0008")


@pytest.mark.usefixtures("store")
def test_an_older_store_is_migrated(store_url: str, env: StepEnv, request: pytest.FixtureRequest) -> None:
    with Store.open(store_url, env) as store, store.transaction("account") as tx:
        tx.accounts.save("shop", "acme", "", 1.0)
    request.getfixturevalue("newer")
    with pytest.raises(StateError, match="0007"):
        Store.open(store_url, env, migrate=False)
    for _ in range(2):
        with Store.open(store_url, env) as store, store.reading() as tx:
            rows = tx.bulk.driver.execute("SELECT connection, note FROM account").fetchall()
            assert store.schema_version() == "0008"
        assert [tuple(row) for row in rows] == [("shop", None)]


def test_a_failed_migration_changes_nothing(
    store: Store, store_url: str, env: StepEnv, newer: None, tmp_path: Path
) -> None:
    broken = NEXT.replace("sa.Text())", 'sa.Text())); op.execute("SELECT no_such_column FROM account"')
    (tmp_path / "versions" / "r0008_note.py").write_text(broken)
    with pytest.raises(StateError):
        Store.open(store_url, env)
    assert "note" not in str(shape(store_url)["account"])
    assert store.schema_version() == "0007"
