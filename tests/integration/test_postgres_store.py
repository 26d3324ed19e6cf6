from __future__ import annotations

import pytest

from accord.env import Env
from accord.errors import StateError
from accord.store import Store
from accord.store.bulk import Bulk
from tests.stores import hub_record, link_of


@pytest.fixture(scope="session")
def database() -> str:
    return "postgresql"


def plan_of_reading_links(bulk: Bulk) -> str:
    query = (
        "EXPLAIN SELECT * FROM link WHERE connection = 'shop' AND stream = 'customers'"
        " AND external_id = ANY(ARRAY['1', '2', '3'])"
    )
    return "\n".join(row[0] for row in bulk.driver.execute(query).fetchall())


def test_a_fresh_load_is_read_by_its_primary_key(store: Store) -> None:
    people = [hub_record(number) for number in range(2000)]
    with store.transaction("load") as tx:
        tx.links.upsert([link_of(each, str(number)) for number, each in enumerate(people)])
    with store.reading() as tx:
        assert "link_pkey" in plan_of_reading_links(tx.bulk)
    assert store.analyze_if_grown()
    with store.reading() as tx:
        assert "link_pkey" in plan_of_reading_links(tx.bulk)


def test_a_lost_connection_is_replaced(store: Store) -> None:
    kill = "SELECT pg_terminate_backend(pg_backend_pid())"
    with (
        pytest.raises(StateError, match=r"closed the connection|cannot be reached"),
        store.transaction("die") as tx,
    ):
        tx.bulk.driver.execute(kill)
    with store.transaction("live") as tx:
        tx.entities.insert([hub_record()])


def test_a_database_that_does_not_exist_is_named(store_url: str, env: Env) -> None:
    with pytest.raises(StateError, match=r"does not exist|cannot be reached") as caught:
        Store.open(store_url.replace("/postgres?", "/nowhere?"), env)
    assert caught.value.hint


def test_two_schemas_hold_two_stores(store: Store, store_url: str, env: Env) -> None:
    with store.transaction("outer") as tx:
        tx.bulk.driver.execute("CREATE SCHEMA second_store")
    other = store_url.partition("&options=")[0] + "&options=-csearch_path%3Dsecond_store"
    with Store.open(other, env) as second:
        assert second.key != store.key
        with store.transaction("a"), second.transaction("b"):
            pass
        with second.transaction("drop") as tx:
            tx.bulk.driver.execute("DROP SCHEMA second_store CASCADE")
