"""A vendor that fits into a process: what every connector's sandbox is made of."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, Self, TypeVar

from accord.env import SystemEnv
from accord.sandbox.clock import Clock
from accord.sandbox.faults import FaultProfile
from accord.sandbox.journal import Journal
from accord.sandbox.limits import Bucket
from accord.sandbox.message import Refused, Request, Response
from accord.sandbox.options import SandboxOptions
from accord.sandbox.routes import Handler, Route, Router
from accord.sandbox.shelf import Shelf
from accord.sandbox.table import Item, Values
from accord.sandbox.webhooks import Delivery, Event, Target, Webhooks

T = TypeVar("T")
LOG_LENGTH = 5000
REPEATED = 3


class Vendor:
    """One vendor. Subclasses declare tables and routes, and say how this vendor behaves.

    A subclass sets ``name``, fills :meth:`setup` (tables, routes, limits) and :meth:`seed`
    (generated records), and overrides what is particular: :meth:`error`, :meth:`authenticate`,
    :meth:`throttle`, :meth:`normalise`, :meth:`show`, the ``person_*`` methods and
    :meth:`pack_webhook`. Handlers are plain functions from a request to a response, run one at a time.
    """

    name: ClassVar[str] = "vendor"
    resolution: ClassVar[timedelta] = timedelta(milliseconds=1)
    first_id: ClassVar[int] = 1001
    settings: ClassVar[Mapping[str, str]] = {}
    """What a connection to this sandbox must say besides its address and credentials."""
    credentials: ClassVar[Sequence[str]] = ()
    """Secrets that a connection to this sandbox gives although the connector can do without them."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self.clock = Clock(self.options.env or SystemEnv())
        self.random = Random(f"{self.name}:{self.options.seed}")
        self.faults = FaultProfile.parse(self.options.faults)
        journal = Journal(self.options.state) if self.options.state else None
        self.shelf = Shelf(
            self.clock,
            self.random,
            l_max=self.options.l_max,
            resolution=self.resolution,
            journal=journal,
            first_id=self.first_id,
        )
        self.router = Router()
        self.webhooks = Webhooks(self.random, self.pack_webhook)
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.counts: Counter[str] = Counter()
        self.lock = threading.RLock()
        self._journal = journal
        self.late: list[tuple[datetime, Request]] = []
        self.setup()
        if not self.shelf.load():
            self.fill()
        self.shelf.actor = "api"

    # What a vendor says about itself.

    def setup(self) -> None:
        """Declare tables, routes and limits. Called once."""

    def seed(self, seed: int, size: int) -> None:
        """Generate the first records. Called on an empty shelf; stamps lie in the past."""

    def error(self, status: int, code: str, message: str) -> Response:
        """A refusal in the vendor's own shape."""
        return Response.json({"error": code, "message": message}, status)

    def authenticate(self, request: Request) -> None:
        """Check the credentials; raise :class:`Refused` when they are wrong."""
        self.require_token(request.bearer)

    def throttle(self, request: Request, route: Route) -> None:
        """Charge the vendor's rate limits; raise :class:`Refused` when they are spent."""

    def finish(self, request: Request, route: Route, response: Response) -> None:
        """Add what every answer carries (rate-limit headers, request id)."""

    def normalise(self, table: str, values: Values) -> Values:  # noqa: ARG002  for subclasses
        """What the vendor makes of values before it keeps them (trim, case, length)."""
        return values

    def show(self, table: str, item: Item) -> dict[str, Any]:  # noqa: ARG002  for subclasses
        """A record as the control plane shows it."""
        stamps = {"created_at": item.created_at.isoformat(), "updated_at": item.updated_at.isoformat()}
        return {"id": item.id, "values": item.values, **stamps, "version": item.version}

    def throttled(self, seconds: float) -> Response:
        """The vendor's 429. ``seconds`` is when to try again."""
        response = self.error(429, "rate_limited", "Too many requests.")
        response.headers["Retry-After"] = str(max(1, round(seconds)))
        return response

    def pack_webhook(self, target: Target, topic: str, event: Event) -> Delivery:
        """Write and sign one event the vendor's way."""
        body = Response.json({"topic": topic, **event}).body
        return Delivery(target.url, {"Content-Type": "application/json"}, body)

    # What a person does in the vendor's own user interface (control plane and tests).

    def person_creates(self, table: str, values: Values) -> Item:
        """A person types a new record."""
        with self.lock, self.shelf.acting("person"):
            return self.shelf.tables[table].insert(self.normalise(table, values))

    def person_edits(self, table: str, id_: str, values: Values) -> Item:
        """A person changes some fields; raises KeyError when there is no such record."""
        with self.lock, self.shelf.acting("person"):
            return self.shelf.tables[table].update(id_, self.normalise(table, values))

    def person_deletes(self, table: str, id_: str) -> None:
        """A person deletes a record; raises KeyError when there is no such record."""
        with self.lock, self.shelf.acting("person"):
            if self.shelf.tables[table].remove(id_) is None:
                raise KeyError(id_)

    def person_merges(self, table: str, winner: str, loser: str) -> Item:
        """A person merges two records. By default the winner's values stay and fill up with the loser's."""
        with self.lock, self.shelf.acting("person"):
            rows = self.shelf.tables[table]
            kept, gone = rows.get(winner), rows.get(loser)
            if kept is None or gone is None or winner == loser:
                raise KeyError(loser if kept is not None else winner)
            rows.remove(loser)
            present = {key: value for key, value in kept.values.items() if value not in (None, "")}
            return rows.update(winner, {**gone.values, **present})

    def person_unsubscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """The person whom a record is about refuses a channel: follows the link of a mail, answers STOP.

        Raises:
            KeyError: there is no such record, or the vendor keeps no subscriptions on that channel.
        """
        raise KeyError(f"subscription of {table}/{id_} on {channel}")

    def person_subscribes(self, table: str, id_: str, channel: str = "email") -> Item:
        """The person agrees again, by the vendor's own form; raises KeyError as above."""
        raise KeyError(f"subscription of {table}/{id_} on {channel}")

    # What handlers use.

    def route(
        self,
        method: str,
        pattern: str,
        handler: Handler,
        *,
        reads: bool | None = None,
        kind: str = "",
        open_: bool = False,
    ) -> None:
        """Declare a route: ``/contacts/{id}``. See :class:`Route` for ``reads``, ``kind`` and ``open_``."""
        self.router.add(method, pattern, handler, reads=reads, kind=kind, open_=open_)

    def refuse(self, status: int, code: str, message: str) -> Refused:
        """The vendor's refusal as something to raise."""
        return Refused(self.error(status, code, message))

    def body(self, request: Request) -> Any:
        """The decoded JSON body; the vendor's 400 when it is not JSON."""
        try:
            return request.json()
        except ValueError:
            raise self.refuse(400, "invalid_json", "The request body is not valid JSON.") from None

    def bucket(self, rate: float, burst: float) -> Bucket:
        """A rate limit in requests per second, scaled by the option ``rate``."""
        return Bucket(self.clock, rate * self.options.rate, burst)

    def require_token(self, token: str) -> None:
        """Refuse with 401 unless the token is the configured one (or any, when none is configured)."""
        if not token or self.options.token not in (None, token):
            raise self.refuse(401, "unauthorized", "The credentials are missing or wrong.")

    def require_version(self, item: Item, request: Request) -> None:
        """Refuse with 412 when ``If-Match`` names another version of the record."""
        wanted = request.header("if-match")
        if wanted not in ("", "*", item.etag):
            raise self.refuse(412, "precondition_failed", "The record has changed since it was read.")

    def page(self, request: Request, rows: Sequence[T], start: int, size: int) -> list[T]:
        """Rows ``start`` to ``start + size``; repeated or shuffled when that fault was drawn."""
        page = list(rows[start : start + size])
        if request.fault == "repeat":
            page = [*rows[max(0, start - REPEATED) : start], *page]
        if request.fault == "reorder":
            self.random.shuffle(page)
        return page

    def emit(self, topic: str, event: Event) -> None:
        """Send an event to every configured webhook target."""
        self.webhooks.emit(topic, event, self.faults)

    # What happens to a request.

    def dispatch(self, request: Request, route: Route | None) -> Response:
        """Credentials, limits, then the handler; a refusal is an answer like any other."""
        try:
            if route is None:
                return self.error(404, "not_found", f"There is no {request.method} {request.path}.")
            if not route.open:
                self.authenticate(request)
            self.throttle(request, route)
            response = route.handler(request)
        except Refused as refusal:
            response = refusal.response
        if route is not None:
            self.finish(request, route, response)
        return response

    def settle(self, *, everything: bool = False) -> int:
        """Apply late requests whose time has come (or all of them); how many there were."""
        now = self.clock.now()
        due = sorted((row for row in self.late if everything or row[0] <= now), key=lambda row: row[0])
        self.late = [row for row in self.late if row not in due]
        for _, request in due:
            self.dispatch(request, self.router.find(request))
        return len(due)

    # Around it.

    def expire_tokens(self) -> None:
        """Every access token ends now; a vendor with :class:`Tokens` overrides it."""

    def fill(self) -> None:
        """Seed the empty shelf."""
        with self.shelf.acting("seed"):
            self.seed(self.options.seed, self.options.size)

    def reset(self, *, seed: int | None = None, size: int | None = None) -> None:
        """Back to the generated records, with another seed or size if wanted."""
        from dataclasses import replace

        with self.lock:
            old = self.options
            seed, size = old.seed if seed is None else seed, old.size if size is None else size
            self.options = replace(old, seed=seed, size=size)
            self.random.seed(f"{self.name}:{self.options.seed}")
            self.late.clear()
            self.log.clear()
            self.counts.clear()
            self.webhooks.take()
            self.shelf.clear()
            self.fill()

    def stats(self) -> Mapping[str, Any]:
        """Requests, what the API really changed, faults, concurrency and table sizes."""
        faults = {key[6:]: count for key, count in self.counts.items() if key.startswith("fault:")}
        plain = ("requests", "reads", "writes", "in_flight_max")
        return {
            **{name: self.counts[name] for name in plain},
            **{name: self.shelf.counts[name] for name in ("creates", "updates", "deletes")},
            "faults": faults,
            "tables": {name: len(table) for name, table in self.shelf.tables.items() if name[0] != "_"},
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the state file."""
        if self._journal is not None:
            self._journal.close()
