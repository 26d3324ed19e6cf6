"""Class Accord: everything the command line does, for Python programs. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from accord.api import accounts, approval, due, erasures, journal, requests, several, status
from accord.api.compose import Connections, closed, flows, trouble_of
from accord.api.consent import ConsentDesk
from accord.api.views import AccountCheck, Status
from accord.config import Config, check, load
from accord.engine import decide, explain, locate, rebase, rehearse, retire
from accord.engine.disclose import disclose
from accord.engine.progress import Progress, silent
from accord.engine.report import Plan, Report
from accord.engine.run import FlowRun, Options
from accord.engine.single import RecordRun
from accord.engine.stop import Budget
from accord.engine.world import World
from accord.env import Env, SystemEnv
from accord.errors import SetupError
from accord.plugins import Plugins
from accord.secrets import StoreSecrets, sealer
from accord.store import Store

if TYPE_CHECKING:
    from accord.api.erasures import ErasureReport
    from accord.engine.disclose import Disclosure
    from accord.engine.erase import ErasurePlan
    from accord.engine.explain import Explanation
    from accord.engine.flow import Flow
    from accord.engine.retire import RetiredStream
    from accord.store.rows import Conflict, DeadLetter, Entity, Link, Run


class Accord:
    """An opened configuration: its store, its connections, its flows.

    Args:
        config: The configuration, as :meth:`open` reads it or as objects.
        env: Time, threads and transports; programs leave it out.
        plugins: Plugins to use; by default those of this installation.
        progress: Called with each step of long work, from any thread.
        migrate: Bring an older store up to this version's schema.
        trace: A trace id that is noted with every run.

    Raises:
        ConfigError: the configuration is wrong; ``facts["problems"]`` lists every mistake.
        StateError: the store cannot be opened.
    """

    def __init__(
        self,
        config: Config,
        *,
        env: Env | None = None,
        plugins: Plugins | None = None,
        progress: Callable[[Progress], None] | None = None,
        migrate: bool = True,
        trace: str = "",
    ) -> None:
        self.env = env or SystemEnv()
        self.plugins = plugins or Plugins.load()
        self.config = config
        check(config, self.plugins)
        address = config.accord.store
        referred = address.startswith(("env:", "keyring:"))
        url = config.store_url(self.plugins.secret(address) if referred else None)
        self.policy = config.consent_policy()
        self.store = Store.open(url, self.env, sealer=sealer(url), migrate=migrate)
        self._journal = journal.place(url, config.root)
        self.plugins.register(StoreSecrets(self.store), "store-secrets")
        self._progress = progress or silent
        self._trace = trace
        self._budgets: set[Budget] = set()
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        path: str | Path = "accord.toml",
        *,
        env: Env | None = None,
        plugins: Plugins | None = None,
        progress: Callable[[Progress], None] | None = None,
        migrate: bool = True,
        trace: str = "",
    ) -> Self:
        """Open the configuration of a file.

        Raises:
            ConfigError: the file is missing or wrong.
            StateError: the store cannot be opened.
        """
        loaded = plugins or Plugins.load()
        config = load(Path(path), loaded)
        return cls(config, env=env, plugins=loaded, progress=progress, migrate=migrate, trace=trace)

    @cached_property
    def connections(self) -> Connections:
        """The open connections; the first use resolves their secrets."""
        return Connections(self.config, self.plugins, self.env, self.store)

    @cached_property
    def world(self) -> World:
        """What the engine works in."""
        built = flows(self.config, self.connections)
        left_out = closed(self.config, self.connections)
        seen = (self._progress, self._trace, left_out, self.policy)
        return World(self.store, self.env, self.plugins, built, *seen)

    def flow(self, name: str) -> Flow:
        """A flow of the configuration.

        Raises:
            SetupError: there is none of this name, or one of its connections cannot be opened.
        """
        found = self.world.flow(name)
        if found is None and name in self.config.flows:
            trouble = trouble_of(self.config.flows[name], self.connections)
            if trouble is not None:
                raise trouble
        if found is None:
            names = ", ".join(self.config.flows) or "none"
            raise SetupError(f"there is no flow {name!r}", hint=f"Flows of the configuration: {names}.")
        return found

    # The main job.

    def check(self, connections: Iterable[str] | None = None) -> list[AccountCheck]:
        """Prove that connections work: credentials, account, rights."""
        return accounts.check_all(self.connections, self.store, self.env, connections)

    def plan(
        self,
        flow: str,
        *,
        connections: Iterable[str] | None = None,
        full: bool = False,
        max_seconds: float | None = None,
    ) -> Plan:
        """What :meth:`sync` would do now, computed on a throw-away copy of the store; nothing is written.

        The plan is remembered: the first run of a flow needs one that a person could look at.
        """
        found = self._rehearsed(flow, connections, full=full, max_seconds=max_seconds)
        approval.remember(self.store, found)
        return found

    def _rehearsed(
        self, flow: str, connections: Iterable[str] | None, *, full: bool, max_seconds: float | None
    ) -> Plan:
        chosen = self.flow(flow)
        erasures.reapply(self.world, self._journal)
        options = Options(full=full, only=self._only(connections), kind="plan")
        with self._budget(max_seconds) as budget:
            accounts.refuse_changed(self.connections, self.store, self.env, chosen, options.only)
            return rehearse.plan(self.world, chosen, options, budget)

    def sync(
        self,
        flow: str,
        *,
        full: bool = False,
        approve: bool = False,
        connections: Iterable[str] | None = None,
        max_seconds: float | None = None,
        unattended: bool = False,
    ) -> Report:
        """Bring a flow's systems into agreement.

        Args:
            flow: The flow's name.
            full: Read everything again, not only what changed.
            approve: You have seen the plan: limits do not stop this run, nor does its being the first.
            connections: Only these connections; others keep what is due to them for later.
            max_seconds: Stop after the batch in hand when so long has passed; the next run goes on.
            unattended: Nobody looks at the answer (a timer): a first run's plan then counts for nothing.

        Returns:
            What happened. ``report.exit_code`` says how it ended; a flow's first run without a plan and
            without ``approve`` returns the plan itself, with state ``waiting``. So does the first run under a
            changed mapping, where that alone makes a difference.

        Raises:
            StateError: the store cannot be used; nothing was advanced.
        """
        chosen = self.flow(flow)
        erasures.reapply(self.world, self._journal)
        only = self._only(connections)
        if not approve and not approval.given(self.store, flow):
            plan = self._rehearsed(flow, only, full=full, max_seconds=max_seconds)
            return approval.waiting(self.store, plan, unattended=unattended)
        changed = rebase.pending(self.world, chosen, only)
        if changed and not approve and not approval.seen(self.store, flow, changed):
            plan = self._rehearsed(flow, only, full=full, max_seconds=max_seconds)
            untold = {scope.partition("/")[0] for scope in changed} & {p.connection for p in plan.problems}
            if plan.total.rebased or untold:
                return approval.waiting(self.store, plan, unattended=unattended, first=False)
        options = Options(full=full, approved=approve, only=only)
        with self._budget(max_seconds) as budget:
            accounts.refuse_changed(self.connections, self.store, self.env, chosen, only)
            due.started(self.store, self.env, chosen.name, self._schedule(flow))
            report = FlowRun(self.world, chosen, options, budget).sync()
        approval.granted(self.store, flow, self.env, rebase.pending(self.world, chosen, only))
        self.store.analyze_if_grown()
        return report

    def sync_all(self, *, only_due: bool = False, **options: Any) -> list[Report]:
        """Sync every flow (or every flow whose schedule is due), records before those that refer to them.

        Ends after a flow that was interrupted; the next call goes on there.

        Args:
            only_due: Only flows whose schedule is due; as nobody looks then, ``unattended`` is on by default.
            options: For :meth:`sync`.

        Raises:
            AccordError: a flow could not be started. It is raised when the others had their turn; their
                reports are among :meth:`runs`.
        """
        options.setdefault("unattended", only_due)
        names = several.in_order(self.config, self.world)
        ready = set(due.flows_due(self.config, self.store, self.env)) if only_due else set(names)
        todo = [(name, partial(self.sync, name, **options)) for name in names if name in ready]
        results = several.run(todo)
        for _, error in results.failed:
            raise error
        return results.done

    def sync_record(self, record: str, *, max_seconds: float | None = None) -> Report:
        """Sync one record now. ``record`` is ``CONNECTION:ID`` or ``CONNECTION/STREAM:ID``.

        Raises:
            SetupError: the name leads to no stream of a flow.
        """
        key, external_id = locate.place(self.world, record)
        owner = self.world.member(key)
        if owner is None:
            raise SetupError(f"{key[0]}/{key[1]} belongs to no flow", hint="Add it to a flow in accord.toml.")
        erasures.reapply(self.world, self._journal)
        with self._budget(max_seconds) as budget:
            accounts.refuse_changed(self.connections, self.store, self.env, owner.flow, None)
            run = RecordRun(self.world, owner.flow, Options(kind="record"), budget)
            return run.record(key, external_id)

    def interrupt(self) -> None:
        """Have running work finish its batches, save and return; callable from a signal handler."""
        for budget in list(self._budgets):
            budget.interrupt()

    # Looking.

    def status(self) -> Status:
        """The store at a glance: flows, streams, queues. Needs no vendor and no secret."""
        return status.status(self.config, self.store, self.plugins)

    def runs(self, flow: str | None = None, limit: int = 20) -> list[Run]:
        """The latest runs, newest first."""
        with self.store.reading() as tx:
            return tx.runs.recent(flow, limit)

    def find(self, text: str) -> list[tuple[Entity, list[Link]]]:
        """Hub records by hub id or its beginning, ``CONNECTION:ID`` or a natural key, with their links."""
        with self.store.reading() as tx:
            found = locate.locate(self.world, tx, text)
            links = tx.links.of_entities([entity.id for entity in found])
            return [(entity, list(links.get(entity.id, ()))) for entity in found]

    def explain(self, text: str) -> list[Explanation]:
        """Per field who set it, when, by which rule and what lost; per system what it holds and why."""
        with self.store.reading() as tx:
            return [explain.explain(self.world, tx, entity) for entity in locate.locate(self.world, tx, text)]

    # The queues a person works through.

    def conflicts(
        self, state: str | None = "open", model: str | None = None, limit: int = 100
    ) -> list[Conflict]:
        """Conflicts, oldest first."""
        with self.store.reading() as tx:
            return tx.conflicts.list(state, model, limit)

    def resolve(self, conflict: str, choice: str) -> str:
        """Settle a conflict as a person chose; what it is settled with.

        Args:
            conflict: Its id.
            choice: ``hub`` or ``vendor`` for a field, a candidate's hub id (or its beginning) or ``new``
                for an ambiguous record, ``keep`` to close a notice.

        Raises:
            SetupError: there is no such conflict, or it cannot be settled so.
        """
        with self.store.transaction("resolve") as tx:
            found = tx.conflicts.get(conflict)
            if found is None:
                raise SetupError(f"there is no conflict {conflict!r}", hint="See `accord conflicts`.")
            return decide.resolve(self.world, tx, found, choice)

    def dead_letters(self, state: str | None = "open", limit: int = 100) -> list[DeadLetter]:
        """Changes set aside, oldest first."""
        with self.store.reading() as tx:
            return tx.letters.list(state=state, limit=limit)

    def replay(self, letters: Sequence[str] | None = None) -> int:
        """Give dead letters (all open ones by default) another try in the next run; how many."""
        with self.store.transaction("replay") as tx:
            found = (
                [tx.letters.get(id_) for id_ in letters]
                if letters is not None
                else tx.letters.list(limit=10_000)
            )
            for letter, id_ in zip(found, letters or [x.id for x in found if x], strict=True):
                if letter is None:
                    raise SetupError(f"there is no dead letter {id_!r}", hint="See `accord dead-letters`.")
                decide.replay(tx, letter)
            return len(found)

    def discard(self, letter: str) -> None:
        """Close a dead letter without another try."""
        with self.store.transaction("discard") as tx:
            if not tx.letters.set_state(letter, "discarded"):
                raise SetupError(f"there is no dead letter {letter!r}", hint="See `accord dead-letters`.")

    def merge(self, survivor: str, loser: str) -> Entity:
        """Make two hub records one; the first keeps its id."""
        with self.store.transaction("merge") as tx:
            one, other = (locate.one(self.world, tx, text) for text in (survivor, loser))
            decide.merge(self.world, tx, one, other)
            return one

    def split(self, record: str, connection: str, external_id: str) -> Entity:
        """Give one external record a hub record of its own; returns that one."""
        with self.store.transaction("split") as tx:
            entity = locate.one(self.world, tx, record)
            return decide.split(self.world, tx, entity, connection, external_id)

    def import_links(self, pairs: Iterable[decide.Pair]) -> int:
        """Record known pairs of external ids as one hub record each, all of them or none; how many.

        Raises:
            SetupError: some pairs are refused; ``facts["refused"]`` lists (position, reason). Nothing was
                changed.
        """
        known = list(pairs)
        with self.store.transaction("import links") as tx:
            refused = decide.import_links(self.world, tx, known)
            if refused:
                raise SetupError(
                    f"{len(refused)} of {len(known)} pairs cannot be linked: {refused[0][1]}",
                    hint="Nothing was changed. Correct these pairs and import again.",
                    facts={"refused": refused},
                )
        return len(known)

    def retired_streams(self) -> list[RetiredStream]:
        """The streams that left their flow, with what is kept of them; noticed by the first plan or sync."""
        with self.store.reading() as tx:
            return retire.retired(tx)

    def release_stream(self, stream: str, *, told: bool = False) -> RetiredStream:
        """Forget the links of a stream that left its flow for good; what was forgotten.

        Args:
            stream: ``CONNECTION/STREAM``.
            told: You have told that system of the withdrawals and erasures that it was not told of.

        Raises:
            SetupError: the stream has not left its flow, or it was not told of something.
        """
        with self.store.transaction("release") as tx:
            return retire.release(self.world, tx, stream, told=told)

    # People's rights.

    @cached_property
    def consent(self) -> ConsentDesk:
        """Where consent is recorded, shown and accounted for."""
        return ConsentDesk(self.world)

    def erasure_plan(self, record: str) -> ErasurePlan:
        """What :meth:`erase` would do for a person; nothing is changed."""
        return erasures.plan(self.world, record)

    def erase(self, record: str, *, identity: str, max_seconds: float | None = None) -> ErasureReport:
        """Erase a person: here at once and for good, in every system with a receipt (GDPR art. 17).

        Whatever crashes, the next :meth:`sync` of any flow goes on where this ended.

        Args:
            record: Who.
            identity: How you checked who asks, as a reference without personal data.
            max_seconds: How long to wait for other systems now.

        Raises:
            SetupError: the record is unknown, no person or erased, or ``identity`` is empty.
            StateError: the journal or the store cannot be written; nothing was erased.
        """
        request = erasures.begin(self.world, self._journal, record, identity)
        with self._budget(max_seconds) as budget:
            erasures.deliver(self.world, budget)
        return self.erasure(request)

    def erasure(self, request: str) -> ErasureReport:
        """How far an erasure is, with each system's receipt."""
        return erasures.report(self.world, request)

    def erasures(self, limit: int = 100) -> list[ErasureReport]:
        """The latest erasures, newest first."""
        return erasures.every(self.world, limit)

    def lift_erasure(self, request: str) -> int:
        """Let somebody back in who came back by their own act; how many hashes barred them."""
        return erasures.lift(self.world, request)

    def export_person(self, record: str) -> Disclosure:
        """What is known of a person, from where, and who got it (GDPR art. 15); asks every linked system.

        Raises:
            SetupError: the record is unknown, no person, or erased.
        """
        with self.store.reading() as tx:
            person = locate.one(self.world, tx, record)
        return disclose(self.world, person)

    @cached_property
    def takes_privacy_requests(self) -> frozenset[str]:
        """The open connections whose vendors pass on requests of people."""
        opened = self.connections.connectors.items()
        return frozenset(name for name, connector in opened if connector.takes_privacy_requests())

    def receive_privacy_request(
        self, connection: str, body: bytes, headers: Mapping[str, str]
    ) -> requests.Received:
        """Deal with a privacy webhook of a vendor; when this returns, what it asks is on disk.

        An erasure begins at once (the next :meth:`sync` tells the other systems); a person who is not known
        is barred from coming. A request for access, or about a whole account, becomes an open conflict.

        Args:
            connection: Which connection it came to.
            body: The raw body, byte for byte: the signature is over it.
            headers: The request's headers.

        Raises:
            AccessError: it is not signed by the vendor, or is about another account; nothing happened.
            SetupError: the connection is unknown, cannot be opened, or takes no privacy webhooks.
            StateError: the journal or the store cannot be written; nothing happened.
        """
        if connection not in self.takes_privacy_requests:
            raise self.connections.troubles.get(connection) or SetupError(
                f"connection {connection!r} takes no privacy webhooks",
                hint=f"Those that do: {', '.join(sorted(self.takes_privacy_requests)) or 'none'}.",
            )
        connector = self.connections.connectors[connection]
        return requests.receive(self.world, self._journal, connection, connector, body, headers)

    # House-keeping.

    def close(self) -> None:
        """Close connections and store."""
        if "connections" in self.__dict__:
            self.connections.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _schedule(self, flow: str) -> str | None:
        return self.config.flows[flow].schedule

    def _only(self, connections: Iterable[str] | None) -> frozenset[str] | None:
        if connections is None:
            return None
        chosen = frozenset(connections)
        unknown = sorted(chosen - set(self.config.connections))
        if unknown:
            known = ", ".join(self.config.connections)
            raise SetupError(f"there is no connection {unknown[0]!r}", hint=f"Connections: {known}.")
        return chosen

    @contextmanager
    def _budget(self, max_seconds: float | None) -> Iterator[Budget]:
        budget = Budget(self.env, max_seconds)
        with self._lock:
            self._budgets.add(budget)
        try:
            yield budget
        finally:
            with self._lock:
                self._budgets.discard(budget)
