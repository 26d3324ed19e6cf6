"""Kill, kill, kill, rest, ask: until so many processes have died."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from accord.testing import postgres
from accord.testing.kills import census
from accord.testing.kills.moment import Kind, Moment
from accord.testing.kills.site import ENVIRONMENT, Site
from accord.testing.kills.victim import Cold, Warm

if TYPE_CHECKING:
    from accord.testing.kills.victim import Victim

REST_AFTER = 10
"""Kills between two rests."""
MOVE_AFTER = 50
"""Kills after which everything starts anew, with another seed."""
CALM_RUNS = 3
"""Undisturbed runs within which everything must be repaired; one more must find nothing to do."""
LONGEST_RUN = 120.0
"""Seconds after which an undisturbed run is taken for stuck."""
KILLED = -9


@dataclass
class Tally:
    """What came of it.

    Attributes:
        kills: Processes that ``kill -9`` ended, by what decided the moment.
        spared: Runs that had ended before their moment came.
        calm: How many undisturbed runs each rest took until one found nothing to do.
        faults: What was wrong at a rest: (kind, text).
    """

    kills: Counter[str] = field(default_factory=Counter)
    spared: int = 0
    calm: Counter[int] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)
    people: int = 0
    orders: int = 0
    seconds: float = 0.0

    @property
    def killed(self) -> int:
        """How many processes were killed."""
        return self.kills.total()


class Campaign:
    """Kills ``accord sync`` until ``kills`` processes have died.

    Args:
        kills: How many.
        store: ``sqlite``, ``postgresql`` (a private server is started), or the address of a PostgreSQL server
            as libpq takes it.
        seed: Decides people's acts and the moments. What a real process has done by then nobody decides.
        cold: Start each process from scratch instead of forking it from a warm one.
        tell: Called at each rest.
    """

    def __init__(
        self,
        kills: int,
        store: str = "sqlite",
        seed: int = 1,
        *,
        cold: bool = False,
        tell: Callable[[Tally], None] = lambda _tally: None,
    ) -> None:
        self.kills, self.store, self.seed, self.tell = kills, store, seed, tell
        self.random, self.tally = Random(f"kills {seed}"), Tally()
        self._start: type[Victim] = Cold if cold else Warm

    def run(self) -> Tally:
        """Play; the account of it."""
        began = time.monotonic()
        with self._server() as server:
            while self.tally.killed < self.kills and not self.tally.faults:
                with self._site(server) as site:
                    self._stay(site)
                    self.tally.people += len(site.people)
                    self.tally.orders += sum(len(person.orders) for person in site.people.values())
        self.tally.seconds = time.monotonic() - began
        return self.tally

    @contextmanager
    def _server(self) -> Iterator[str]:
        if self.store == "postgresql":
            with postgres.private_server() as address:
                yield address
        else:
            yield "" if self.store == "sqlite" else self.store

    @contextmanager
    def _site(self, server: str) -> Iterator[Site]:
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="accord-kills-"))
            url = stack.enter_context(postgres.fresh_schema(server)) if server else "sqlite:///accord.db"
            site = stack.enter_context(Site(folder, url, self.random.randrange(10**9)))
            yield site
            if self.tally.faults:
                site.write_down(folder)
                sys.stderr.write(f"what was found stays in {folder}\n")
            else:
                shutil.rmtree(folder)

    def _stay(self, site: Site) -> None:
        until = min(self.kills, self.tally.killed + MOVE_AFTER)
        while self.tally.killed < until and not self.tally.faults:
            rest = min(until, self.tally.killed + REST_AFTER)
            while self.tally.killed < rest:
                self._kill(site, Moment.draw(self.random))
            self._rest(site)
            self.tell(self.tally)
            site.delete()

    def _kill(self, site: Site, moment: Moment) -> None:
        for _ in range(self.random.randint(1, 4)):
            site.act()
        victim = self._run(site)
        if moment.kind is Kind.CLOCK:
            if self.random.random() < 0.5:  # noqa: PLR2004  half of the time people work meanwhile
                site.act()
            code = victim.ended(moment.number)
            victim.kill()
        else:
            site.ambush.lay(moment, victim.kill)
            code = victim.ended(LONGEST_RUN)
            site.ambush.lay(None, victim.kill)
        code = self._gone(victim) if code is None else code
        if code == KILLED:
            self.tally.kills[moment.kind.value] += 1
        else:
            self.tally.spared += 1
            self._judge_exit(site, code)

    def _run(self, site: Site) -> Victim:
        return self._start(["sync", "--approve", "--json"], site.folder, ENVIRONMENT)  # type: ignore[call-arg]

    def _gone(self, victim: Victim) -> int:
        """Kill what still runs and wait for its end."""
        victim.kill()
        code = victim.ended()
        assert code is not None
        return code

    def _judge_exit(self, site: Site, code: int) -> None:
        if code != 0:
            log = (site.folder / "command.log").read_text(encoding="utf-8", errors="replace")
            self.tally.faults.append(("failed run", f"exit code {code}: {log[-2000:]}"))

    def _rest(self, site: Site) -> None:
        """Undisturbed runs until one finds nothing to do; then everything must be in its place."""
        for number in range(CALM_RUNS + 1):
            before = site.written()
            victim = self._run(site)
            code = victim.ended(LONGEST_RUN)
            if code is None:
                self._gone(victim)
                self.tally.faults.append(("stuck run", f"no end after {LONGEST_RUN:.0f} s"))
                return
            self._judge_exit(site, code)
            if site.written() == before:
                self.tally.calm[number] += 1
                break
        else:
            self.tally.faults.append(("no rest", f"run {CALM_RUNS + 1} after the last kill still wrote"))
        self.tally.faults += census.faults(site)
