"""Two vendors as real HTTP servers, a store, an accord.toml over them, and the people who work there."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from accord.sandbox import SandboxOptions, find, serve
from accord.testing.kills.moment import Ambush

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from accord.sandbox import Sandbox

T_MAX, L_MAX = 0.5, 0.1
"""What the connections declare; without faults the servers answer within milliseconds."""
CONNECTORS = {"shop": "shopify", "crm": "hubspot"}
TABLES = {"shop": "customers", "crm": "contacts"}
NAMES = {"shop": ("firstName", "lastName"), "crm": ("firstname", "lastname")}
OWN = {"shop": 0, "crm": 1}
"""Which of a person's names people edit where: so every edit has one right outcome."""
ENVIRONMENT = {"SHOP_TOKEN": "sandbox", "CRM_TOKEN": "sandbox"}
CONFIG = """\
[accord]
store = "{store}"

[connections.shop]
connector = "shopify"
shop = "killed"
token = "env:SHOP_TOKEN"
base_url = "{shop}"
t_max = {t_max}
l_max = {l_max}
rate = 100

[connections.crm]
connector = "hubspot"
token = "env:CRM_TOKEN"
base_url = "{crm}"
t_max = {t_max}
l_max = {l_max}
rate = 100

[flows.customers]
model = "customer"
both = ["shop", "crm"]
match = ["email"]
purpose = "service.support"

[flows.orders]
model = "order"
from = ["shop"]
to = ["crm"]
purpose = "service.support"
"""


@dataclass
class Person:
    """What must be true of somebody: the names last typed, and where their record was deleted."""

    names: list[str]
    deleted: set[str] = field(default_factory=set)
    orders: list[str] = field(default_factory=list)


class Site:
    """Everything but Accord itself. Leaving the context stops the servers."""

    def __init__(self, folder: Path, store: str, seed: int) -> None:
        self.folder, self.random, self.ambush = folder, Random(f"site {seed}"), Ambush()
        self.people: dict[str, Person] = {}
        self.sandboxes: dict[str, Sandbox] = {}
        self._count, self._stack = 0, ExitStack()
        urls = {}
        for name, connector in CONNECTORS.items():
            options = SandboxOptions(seed=seed, size=0, t_max=T_MAX / 2, l_max=L_MAX / 2, rate=100.0)
            self.sandboxes[name] = find(connector)(options)
            self.ambush.watch(self.sandboxes[name])
            urls[name] = self._stack.enter_context(serve(self.sandboxes[name])).url
        self.order = _an_order(seed)
        text = CONFIG.format(store=store, t_max=T_MAX, l_max=L_MAX, **urls)
        (folder / "accord.toml").write_text(text, encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def rows(self, place: str, table: str = "") -> dict[str, dict[str, Any]]:
        """A vendor's records by id; those in HubSpot's archive are deleted."""
        sandbox = self.sandboxes[place]
        with sandbox.lock:
            every = {
                item.id: dict(item.values) for item in sandbox.shelf.tables[table or TABLES[place]].items()
            }
        return {id_: row for id_, row in every.items() if "#archived" not in row}

    def held(self, place: str) -> dict[str, list[str]]:
        """Ids of a vendor's people by address."""
        found: dict[str, list[str]] = {}
        for id_, row in self.rows(place).items():
            found.setdefault(str(row.get("email")), []).append(id_)
        return found

    def written(self) -> int:
        """Changes that reached any vendor through its API."""
        every = [sandbox.stats() for sandbox in self.sandboxes.values()]
        return sum(int(stats["creates"] + stats["updates"] + stats["deletes"]) for stats in every)

    def write_down(self, folder: Path) -> None:
        """What each vendor holds and was asked, for whoever looks into a fault."""
        for name, sandbox in self.sandboxes.items():
            with sandbox.lock:
                told = {"rows": self.rows(name), "requests": list(sandbox.log)}
            (folder / f"{name}.json").write_text(json.dumps(told, indent=1, default=str), encoding="utf-8")

    def act(self) -> None:
        """A person does something somewhere."""
        place, chance = self.random.choice(sorted(CONNECTORS)), self.random.random()
        if chance < 0.4 or not self.people:  # noqa: PLR2004  chances stand where they are taken
            self._enter(place)
        elif chance < 0.85:  # noqa: PLR2004
            self._rename(place)
        else:
            self._buy()

    def delete(self) -> None:
        """Somebody's record is deleted in one system; only when everything is at rest."""
        place, held = self.random.choice(sorted(CONNECTORS)), {name: self.held(name) for name in CONNECTORS}
        both = [e for e in sorted(self.people) if all(e in held[name] for name in held)]
        lonely = [email for email in both if not self.people[email].orders]
        if lonely:
            email = self.random.choice(lonely)
            self.sandboxes[place].person_deletes(TABLES[place], held[place][email][0])
            self.people[email].deleted.add(place)

    def _name(self) -> str:
        self._count += 1
        return f"V{self._count:05d}"

    def _enter(self, place: str) -> None:
        email, names = f"k{len(self.people)}@example.com", [self._name(), self._name()]
        row = {"email": email, **dict(zip(NAMES[place], names, strict=True))}
        self.sandboxes[place].person_creates(TABLES[place], row)
        self.people[email] = Person(names)

    def _rename(self, place: str) -> None:
        held = self.held(place)
        known = sorted(email for email in held if email in self.people)
        if known:
            email, name, which = self.random.choice(known), self._name(), OWN[place]
            self.sandboxes[place].person_edits(TABLES[place], held[email][0], {NAMES[place][which]: name})
            self.people[email].names[which] = name

    def _buy(self) -> None:
        held = self.held("shop")
        known = sorted(email for email in held if email in self.people)
        if known:
            email, number = self.random.choice(known), f"#K{self._name()}"
            row = {**self.order, "name": number, "customerId": held[email][0], "email": email}
            self.sandboxes["shop"].person_creates("orders", row)
            self.people[email].orders.append(number)


def _an_order(seed: int) -> dict[str, Any]:
    """What an order of the shop looks like: one of another shop of its kind, without its goods."""
    other = find("shopify")(SandboxOptions(seed=seed, size=20))
    row = next(iter(other.shelf.tables["orders"].items())).values
    other.close()
    return {**row, "lines": [], "phone": None}
