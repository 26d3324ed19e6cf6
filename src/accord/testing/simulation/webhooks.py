"""What vendors and people's mail programs tell Accord by themselves: repeated, late, in any order."""

# ruff: noqa: PLR2004  chances stand where they are taken

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from accord.api import requests
from accord.api.consent import ConsentDesk
from accord.consent.decision import by_cells
from accord.engine.addresses import point_for, points_of
from accord.engine.gate import consents_of
from accord.engine.unsubscribe import Subscription, token_of
from accord.errors import StateError
from accord.store.rows import EntityState
from accord.testing.blank import KEY
from accord.testing.simulation.scheduler import CrashError
from accord.testing.simulation.vendor import NEWS
from accord.testing.simulation.witness import I6, I7

if TYPE_CHECKING:
    from accord.store import Store
    from accord.testing.simulation.evidence import Evidence, Finding
    from accord.testing.simulation.oracle import Oracle
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.scheduler import Strand
    from accord.testing.simulation.town import Town
    from accord.testing.simulation.vendor import Vendor


@dataclass
class Message:
    """One message that is delivered until it was taken, and perhaps again after that.

    Attributes:
        deliver: Does it in a process, with that process's store; what was answered.
        answers: What it was answered each time that it was taken.
    """

    name: str
    deliver: Callable[[Process, Store], str]
    answers: list[str] = field(default_factory=list)


class Webhooks:
    """Erasures that vendors pass on, and one-click unsubscriptions.

    Attributes:
        redacted: (vendor, row id) by the message that told of it.
    """

    def __init__(self, town: Town, oracle: Oracle, stores: list[Store], seed: int) -> None:
        self.town, self.oracle, self._stores = town, oracle, stores
        self.random = Random(f"webhooks {seed}")
        self.messages: list[Message] = []
        self.redacted: dict[str, tuple[str, str]] = {}
        self._busy = 0

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return not self._busy

    def work(self) -> None:
        """The strand of all who send messages, while faults go on."""
        climate, scheduler = self.town.climate, self.town.scheduler
        acts = [self._redact] * climate.redactions + [self._click] * climate.clicks
        self.random.shuffle(acts)
        for act in acts:
            scheduler.pause(seconds=self.random.uniform(0.0, 3 * climate.rush))
            message = act()
            if message is not None:
                self.messages.append(message)
                for _ in range(self.random.choice((1, 2, 3))):
                    self._send(message, self.random.uniform(0.0, 90.0))

    def rest(self) -> Iterator[Strand]:
        """Nothing goes wrong any more: what was not taken comes again, and so does some of the rest."""
        for message in self.messages:
            if not message.answers or self.random.random() < 0.5:
                yield self._send(message, 0.0)

    def findings(self, known: Evidence) -> Iterator[Finding]:
        """Every message was taken, each time with the same answer, and what it asked for holds."""
        for message in self.messages:
            if len(set(message.answers)) != 1:
                yield "I9 effectively once", f"{message.name} was answered {message.answers}"
        asked = {conflict.id for conflict in known.conflicts if conflict.kind == requests.KIND}
        merged = {row for _, *rows in known.diary.merged for row in rows}
        for name, (vendor, row) in self.redacted.items():
            answer = next(iter(next(m for m in self.messages if m.name == name).answers), "")
            if answer in asked:
                continue
            if answer not in known.tx.erasures.get([answer]):
                yield I6, f"{name} was taken, and nothing is known of {answer}"
            link = known.links[vendor, "contacts"].get(row)
            if row in merged:
                continue  # somebody merged another record with it: a new act of a person
            if link is not None and known.entity_of(link).state is not EntityState.ERASED:
                yield I6, f"{name}: {vendor}/contacts {row} is {known.entity_of(link).state}"

    def _send(self, message: Message, wait: float) -> Strand:
        process = self.town.process(self.random.choice(("here", "there")), self.oracle.watch)
        self._busy += 1
        work = partial(self._delivered, message, process, wait)
        return self.town.scheduler.spawn(f"{process.name} {message.name}", work, process)

    def _delivered(self, message: Message, process: Process, wait: float) -> None:
        try:
            self.town.scheduler.pause(seconds=wait)
            self.oracle.witness.figures["webhooks"] += 1
            store = self.town.open_store(process)
            self._stores.append(store)
            message.answers.append(message.deliver(process, store))
        except CrashError:
            if not process.dead:
                raise
        except StateError as error:
            self.town.scheduler.note(f"{process.name} {type(error).__name__} at {message.name}")
        finally:
            self._busy -= 1
            process.dead = True

    def _redact(self) -> Message | None:
        """A person asks a vendor to forget them, and the vendor tells Accord."""
        vendor = self.random.choice(self.town.people.vendors)
        contacts, diary = vendor.tables["contacts"], self.town.people.diary
        if not contacts.rows:
            return None
        id_ = self.random.choice(sorted(contacts.rows))
        name = f"redact {len(self.messages)}"
        body = json.dumps({"id": name, "row": id_, "mail": contacts.rows[id_].get("mail")}).encode()
        self.redacted[name] = (vendor.name, id_)
        self.oracle.witness.figures["redactions"] += 1
        self.town.scheduler.note(f"{vendor.name} is to forget {id_}")
        if len(contacts.rows) > 1 and self.random.random() < 0.5:
            diary.removed.append((vendor.name, "contacts", id_, self.town.scheduler.seconds))
            contacts.remove(id_, "redacted")
        return Message(name, partial(self._receive, vendor, body))

    def _receive(self, vendor: Vendor, body: bytes, process: Process, store: Store) -> str:
        world = self.town.world(process, store)
        system = self.town.system(process, store, vendor)
        said = requests.receive(world, self.town.journal, vendor.name, system, body, {})
        mail = json.loads(body)["mail"]
        if said.erasure and mail:
            self.town.barred.add(mail)
        return said.erasure or said.conflict

    def _click(self) -> Message | None:
        """A mail program ends the advertising of somebody who is sent some."""
        with self.oracle.store.reading() as tx:
            people = [
                one
                for one in tx.entities.by_kind("customer", None, 1000, None)
                if one.state is EntityState.LIVE
                and one.cells.get("email")
                and by_cells(consents_of(one), "marketing.direct", "email").allowed
            ]
        if NEWS not in self.town.vendors or not people:
            return None
        person = self.random.choice(people)
        self.oracle.witness.figures["clicks"] += 1
        point = point_for("email", points_of(person.cells, KEY))
        token = token_of(Subscription(person.id, point, "marketing.direct", "email"), KEY)
        work = partial(self._unsubscribe, token, person.id, str(person.cells["email"]))
        return Message(f"click {len(self.messages)}", work)

    def _unsubscribe(self, token: str, id_: str, mail: str, process: Process, store: Store) -> str:
        taken = ConsentDesk(self.town.world(process, store)).unsubscribe(token)
        with self.oracle.store.reading() as tx:
            person = tx.entities.resolve([id_]).get(id_)
        if person is None or person.state is not EntityState.LIVE or person.cells.get("email") != mail:
            return str(taken)
        if by_cells(consents_of(person), "marketing.direct", "email").allowed:
            self.oracle.violate(I7, f"{person.id[18:]} clicked and may be sent advertising")
        return str(taken)
