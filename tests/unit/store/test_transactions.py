from __future__ import annotations

import subprocess
import sys
from threading import Event, Thread

import pytest

from accord.errors import StateError
from accord.store import Sealer, Store
from accord.store.durability import Durability
from accord.store.statement import Statement
from tests.stores import Crash, StepEnv, hub_record

ANN, BOB = hub_record(1), hub_record(2)


def count(store: Store) -> int:
    with store.reading() as tx:
        return tx.entities.count("customer")


def test_the_world_hears_of_every_step(store: Store, env: StepEnv) -> None:
    env.trace.clear()
    with store.transaction("page"):
        env.trace.append("inside")
    with store.reading():
        pass
    assert env.trace == ["page", "inside", "!page", "page:committed"]


@pytest.mark.parametrize(("label", "kept"), [("page", 0), ("!page", 0), ("page:committed", 1)])
def test_a_crash_keeps_all_or_nothing(store: Store, env: StepEnv, label: str, kept: int) -> None:
    env.crash_at = label
    with pytest.raises(Crash), store.transaction("page") as tx:
        tx.entities.insert([ANN])
    env.crash_at = ""
    assert count(store) == kept
    with store.transaction("again") as tx:
        tx.entities.insert([BOB])


def insert_and_fail(store: Store) -> None:
    with store.transaction("page") as tx:
        tx.entities.insert([ANN])
        raise ZeroDivisionError


def test_an_error_inside_rolls_back(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        insert_and_fail(store)
    assert count(store) == 0


def test_a_transaction_inside_another_is_a_bug(store: Store) -> None:
    with store.transaction("outer"), pytest.raises(RuntimeError, match="inner"), store.transaction("inner"):
        pass


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.reading() as tx:
        with store.transaction("insert") as other:
            other.entities.insert([ANN])
        assert tx.entities.count("customer") == 0
    assert count(store) == 1


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StateError, match="cannot be written"), store.reading() as tx:
        tx.entities.insert([ANN])


def test_the_error_of_a_row_shows_no_value(store: Store) -> None:
    with pytest.raises(StateError) as caught, store.transaction("insert") as tx:
        tx.entities.insert([ANN, ANN])
    assert ANN.id not in f"{caught.value}{caught.value.facts}"
    assert caught.value.__suppress_context__


def test_threads_write_one_after_another(store: Store) -> None:
    def work() -> None:
        for _ in range(10):
            with store.transaction("count") as tx:
                state = tx.streams.load("crm", "contacts")
                state.generation += 1
                tx.streams.save(state)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as tx:
        assert tx.streams.load("crm", "contacts").generation == 40


def test_a_waiting_writer_sees_what_the_first_wrote(store: Store, store_url: str, env: StepEnv) -> None:
    inside, seen = Event(), []

    def second() -> None:
        with Store.open(store_url, env) as other:
            inside.wait()
            with other.transaction("second") as tx:
                seen.append(tx.entities.count("customer"))

    thread = Thread(target=second)
    thread.start()
    with store.transaction("first") as tx:
        inside.set()
        tx.entities.insert([ANN])
    thread.join()
    assert seen == [1]


WRITER = """
import sys
from accord.env import SystemEnv
from accord.store import Store
with Store.open(sys.argv[1], SystemEnv()) as store:
    for _ in range(20):
        with store.transaction("count") as tx:
            state = tx.streams.load("crm", "contacts")
            state.generation += 1
            tx.streams.save(state)
"""


def test_processes_write_one_after_another(store_url: str, env: StepEnv) -> None:
    # They also race to create the store.
    processes = [subprocess.Popen([sys.executable, "-c", WRITER, store_url]) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    with Store.open(store_url, env) as store, store.reading() as tx:
        assert tx.streams.load("crm", "contacts").generation == 40


KILLED = """
import os, signal, sys
from accord.env import SystemEnv
from accord.store import Store
class Env(SystemEnv):
    def committing(self, label):
        os.kill(os.getpid(), signal.SIGKILL)
env = Env()
with Store.open(sys.argv[1], env) as store:
    print(env.holder, flush=True)
    with store.transaction("insert") as tx:
        tx.leases.acquire("crm/contacts", env.holder, 999.0, env.now().timestamp(), env.process_alive)
"""


def test_a_killed_process_leaves_nothing_behind(store: Store, store_url: str, env: StepEnv) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, store_url], capture_output=True, text=True, check=False
    )
    assert killed.returncode < 0
    with store.transaction("lease") as tx:
        assert tx.leases.held("crm/contacts") is None
        tx.leases.acquire("crm/contacts", killed.stdout.strip(), 999.0, env.clock, env.process_alive)
        fence = tx.leases.acquire("crm/contacts", env.holder, 999.0, env.clock, env.process_alive)
    assert fence is not None


def test_statistics_follow_growth(store: Store) -> None:
    with store.transaction("load") as tx:
        tx.entities.insert([hub_record(number) for number in range(1000)])
    assert store.analyze_if_grown()
    assert not store.analyze_if_grown()


def test_few_rows_need_no_statistics(store: Store) -> None:
    assert not store.analyze_if_grown()


def test_a_sealer_travels_into_transactions(store: Store, sealer: Sealer) -> None:
    with store.reading() as tx:
        assert tx.bulk.sealer is sealer


@pytest.mark.parametrize(
    ("durability", "sqlite", "postgresql"),
    [
        (Durability.LASTING, "full", "on"),
        (Durability.REPEATABLE, "normal", "on"),
        (Durability.EXPENDABLE, "normal", "off"),
    ],
)
def test_a_commit_is_on_disk_before_it_is_told_where_it_must_last(
    store: Store, durability: Durability, sqlite: str, postgresql: str
) -> None:
    """A file fails with the machine that runs Accord; a server may fail alone, under a run that goes on."""
    for _ in range(2):  # what the one before asked for does not stay
        with store.transaction("before"):
            pass
        with store.transaction("told", (), durability) as tx:
            if tx.bulk.dialect == "sqlite":  # https://www.sqlite.org/pragma.html#pragma_synchronous
                level = tx.bulk.value(Statement("PRAGMA synchronous"))
                assert {1: "normal", 2: "full"}[level] == sqlite
            else:
                assert tx.bulk.value(Statement("SHOW synchronous_commit")) == postgresql
