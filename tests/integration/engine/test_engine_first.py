from __future__ import annotations

import pytest

from accord.connector import Context, Settings
from accord.engine.flow import Flow, Member
from accord.engine.rehearse import plan
from accord.engine.run import FlowRun, Options
from accord.engine.stop import Budget
from accord.engine.world import World
from accord.env import SystemEnv
from accord.model import Customer, Order
from accord.store import Store
from tests.integration.engine.vendors import Memory, NoPlugins


class Town:
    def __init__(self, tmp_path, names=("shop", "crm", "till")):
        self.env = SystemEnv()
        self.store = Store.open(f"sqlite:///{tmp_path}/t.db", self.env)
        self.v = {
            n: Memory(Settings(), Context(self.env, n, self.store.budget, self.store.tokens, tmp_path), n)
            for n in names
        }
        streams = {n: {s.name: s for s in c.open_streams()} for n, c in self.v.items()}
        members = [
            Member(n, streams[n]["contacts"], True, True, i, "service.support") for i, n in enumerate(names)
        ]
        orders = [
            Member(n, streams[n]["orders"], True, True, i, "service.support") for i, n in enumerate(names)
        ]
        self.flow = Flow("customers", Customer, "customer", members, ("email",))
        self.orders = Flow("orders", Order, "order", orders, ("number",))
        self.world = World(self.store, self.env, NoPlugins(), [self.flow, self.orders])

    def t(self, n, table="contacts"):
        return self.v[n].tables[table]

    def sync(self, flow=None, **kw):
        b = Budget(self.env)
        r = FlowRun(self.world, flow or self.flow, Options(**kw), b).sync()
        assert not r.problems, r.problems
        for s, c in r.members.items():
            assert c.balanced, (s, c)
        return r


@pytest.fixture
def town(tmp_path):
    t = Town(tmp_path)
    yield t
    t.store.close()


def rows(table):
    return sorted(
        [{k: v for k, v in r.items() if k not in ("id", "updated_at", "ref")} for r in table.rows.values()],
        key=str,
    )


def test_basic(town):
    for i in range(7):
        town.t("shop").put({"mail": f"p{i}@example.com", "first": f"A{i}"})
    town.t("crm").put({"mail": "p3@example.com", "last": "Curie", "tags": ["vip"]})
    r = town.sync()
    print(r.total)
    assert len(town.t("crm").rows) == 7 and len(town.t("till").rows) == 7 and len(town.t("shop").rows) == 7
    assert rows(town.t("shop")) == rows(town.t("till"))
    r2 = town.sync()
    assert r2.writes == 0, r2.total
    r3 = town.sync(full=True)
    assert r3.writes == 0, r3.total
    # both edit different fields
    k = [k for k, r in town.t("shop").rows.items() if r["mail"] == "p3@example.com"][0]
    town.t("shop").put({"first": "Marie"}, k)
    k2 = [k for k, r in town.t("crm").rows.items() if r["mail"] == "p3@example.com"][0]
    town.t("crm").put({"tel": "+33612345678", "tags": ["vip", "new"]}, k2)
    town.sync()
    for n in ("shop", "crm", "till"):
        row = [r for r in town.t(n).rows.values() if r["mail"] == "p3@example.com"][0]
        assert (
            row["first"] == "Marie"
            and row["tel"] == "+33612345678"
            and sorted(row["tags"]) == ["new", "vip"]
            and row["last"] == "Curie"
        ), row
    assert town.sync().writes == 0
    # same field
    town.t("shop").put({"first": "Un"}, k)
    town.t("crm").put({"first": "Deux"}, k2)
    r = town.sync()
    assert r.total.conflicts == 1
    assert (
        len(
            {
                [r for r in town.t(n).rows.values() if r["mail"] == "p3@example.com"][0]["first"]
                for n in ("shop", "crm", "till")
            }
        )
        == 1
    )
    assert town.sync().writes == 0
    # remove tag
    town.t("till").put(
        {"tags": ["vip"]}, [k for k, r in town.t("till").rows.items() if r["mail"] == "p3@example.com"][0]
    )
    town.sync()
    assert all(
        [r for r in town.t(n).rows.values() if r["mail"] == "p3@example.com"][0]["tags"] == ["vip"]
        for n in town.v
    )


def test_lost_reply_makes_no_duplicate(town):
    for i in range(6):
        town.t("shop").put({"mail": f"p{i}@example.com", "first": f"A{i}"})
    town.t("crm").lose_replies = 2
    town.t("till").lose_replies = 1
    town.sync()
    town.sync()
    assert len(town.t("crm").rows) == 6 and len(town.t("till").rows) == 6
    assert town.sync().writes == 0


def test_orders_follow_customers(town):
    c = town.t("shop").put({"mail": "p@example.com", "first": "A"})
    town.t("shop", "orders").put({"number": "1001", "contact_id": c, "note": "hi"})
    town.sync(town.orders)
    town.sync()
    town.sync(town.orders)
    crm_c = next(iter(town.t("crm").rows))
    o = next(iter(town.t("crm", "orders").rows.values()))
    assert o["contact_id"] == crm_c and o["number"] == "1001"
    assert town.sync(town.orders).writes == 0


def test_rejected_is_a_dead_letter_once(town):
    town.t("shop").put({"mail": "p@example.com", "first": "REFUSED"})
    town.t("shop").put({"mail": "q@example.com", "first": "ok"})
    r = town.sync()
    assert r.total.dead_letters == 2 and len(town.t("crm").rows) == 1
    r = town.sync(full=True)
    assert r.total.dead_letters == 0
    assert [w for w in town.t("crm").writes if w[1].get("first") == "REFUSED"].__len__() == 1


def test_truncation_never_flows_back(town):
    town.t("crm").truncate = {"first": 3}
    town.t("shop").put({"mail": "p@example.com", "first": "Alexandra"})
    town.sync()
    town.sync(full=True)
    assert next(iter(town.t("shop").rows.values()))["first"] == "Alexandra"
    assert town.sync().writes == 0


def test_delete_detaches(town):
    for i in range(3):
        town.t("shop").put({"mail": f"p{i}@example.com", "first": f"A{i}"})
    town.sync()
    del town.t("shop").rows["1"]
    for _ in range(3):
        town.sync(full=True)
    assert len(town.t("crm").rows) == 3 and len(town.t("shop").rows) == 2


def test_plan_equals_run(town):
    for i in range(7):
        town.t("shop").put({"mail": f"p{i}@example.com", "first": f"A{i}"})
    with town.store.copy_for_plan() as copy:
        w = World(copy, town.env, NoPlugins(), [town.flow, town.orders])
        p = plan(w, town.flow, Options(kind="plan"), Budget(town.env))
    assert p.total.planned_creates == 14
    r = town.sync()
    assert r.total.created == 14
