"""What goes wrong, and how often: the seeded source of every fault of a schedule."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Fate(StrEnum):
    """What becomes of one request."""

    FINE = "fine"
    LOST = "lost"
    """It never arrives."""
    UNANSWERED = "unanswered"
    """It is served, but the answer is lost."""
    LATE = "late"
    """It is served after the caller gave up, within T_max."""
    TWICE = "twice"
    """It is served at once and a second time within T_max."""
    THROTTLED = "throttled"
    """429: not served."""
    DOWN = "down"
    """503 that promises nothing was done."""
    FORBIDDEN = "forbidden"
    """401: not served."""
    GARBLED = "garbled"
    """It is served, but the answer cannot be understood (a torn page)."""


WRITES = (
    Fate.LOST,
    Fate.UNANSWERED,
    Fate.LATE,
    Fate.TWICE,
    Fate.THROTTLED,
    Fate.DOWN,
    Fate.FORBIDDEN,
    Fate.GARBLED,
)
READS = (Fate.LOST, Fate.THROTTLED, Fate.DOWN, Fate.FORBIDDEN, Fate.GARBLED)


@dataclass(frozen=True, slots=True)
class Omission:
    """What is left out of a schedule to see whether it fails without: numbers of faults, acts and runs.

    Faults are numbered as they happen, so leaving one out moves what follows.
    """

    faults: frozenset[int] = frozenset()
    acts: frozenset[int] = frozenset()
    runs: frozenset[int] = frozenset()


NOTHING = Omission()


@dataclass
class Weather:
    """The faults of one schedule.

    Attributes:
        faulty: Share of requests with a fate other than fine.
        crashing: Chance of a crash at each switch point and commit.
        freezing: Chance of a freeze (longer than a lease lives) at each switch point.
        busying: Chance that a transaction cannot begin.
        powering: Chance, at each switch point, that the power of the store's machine fails.
        ablations: Safeguards that are switched off, to prove that they would be missed.
        crash_at: The switch point or commit, counted from 1, at which a process dies; 0 = none is chosen.
        omitted: Numbers of faults that do not happen.
        points: Switch points and commits so far.
        faults: Faults so far, omitted ones too.
    """

    seed: int
    faulty: float = 0.1
    crashing: float = 0.002
    freezing: float = 0.0
    ablations: frozenset[str] = frozenset()
    crash_at: int = 0
    omitted: frozenset[int] = frozenset()
    storming: bool = True
    points: int = 0
    faults: int = 0
    busying: float = 0.0
    powering: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    happened: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = Random(f"weather {self.seed}")

    def calm(self) -> None:
        """From now on nothing goes wrong any more."""
        self.storming = False

    def write(self) -> Fate:
        """The fate of a writing request."""
        return self._fate(WRITES)

    def read(self) -> Fate:
        """The fate of a reading request."""
        return self._fate(READS)

    def disorder(self) -> bool:
        """Whether a page comes reordered and with rows of the page before."""
        return self._drawn(self.faulty) and self._befalls("disorder")

    def refuses_item(self) -> bool:
        """Whether one item of a batch fails while the others are done."""
        return self._drawn(self.faulty / 2) and self._befalls("item refused")

    def crashes(self) -> bool:
        """Whether the process ends here."""
        self.points += self.storming
        if self.storming and self.points == self.crash_at:
            return self._befalls("crash")
        return self._happens("crash", self.crashing)

    def power_fails(self) -> bool:
        """Whether the machine that holds the store, and every process with it, ends here."""
        return self._happens("power", self.powering)

    def busy(self) -> bool:
        """Whether the database is busy for longer than a transaction waits to begin."""
        return self._happens("busy", self.busying)

    def freeze(self) -> float:
        """For how many seconds the process stands still here."""
        return self.random.uniform(3.0, 90.0) if self._happens("freeze", self.freezing) else 0.0

    def note(self, what: str) -> None:
        """Count something that happened and is no fault of the weather's."""
        self.happened[what] = self.happened.get(what, 0) + 1

    def _fate(self, choices: tuple[Fate, ...]) -> Fate:
        if not self._drawn(self.faulty):
            return Fate.FINE
        fate = self.random.choice(choices)
        return fate if self._befalls(fate.value) else Fate.FINE

    def _happens(self, name: str, chance: float) -> bool:
        return bool(chance) and self._drawn(chance) and self._befalls(name)

    def _drawn(self, chance: float) -> bool:
        return self.storming and self.random.random() < chance

    def _befalls(self, name: str) -> bool:
        """Count a fault; whether it happens, for it may be left out."""
        self.faults += 1
        if self.faults in self.omitted:
            return False
        self.counts[name] = self.counts.get(name, 0) + 1
        return True
