from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from accord.testing.simulation.oracle import Violation
from accord.testing.simulation.schedule import Verdict
from accord.testing.simulation.shrink import Case, Shrinker, words
from accord.testing.simulation.summary import Summary
from accord.testing.simulation.town import Climate
from accord.testing.simulation.weather import NOTHING, Omission, Weather


@dataclass
class Contrived:
    """A schedule that breaks I3 as long as it has these faults and acts, and I4 besides if it has all."""

    faults: frozenset[int]
    acts: frozenset[int]
    seed: int = 1
    played: list[Omission] = field(default_factory=list)

    def climate(self, seed: int) -> Climate:
        return Climate(acts=20, runs=5)

    def play(self, omission: Omission, *, tell: bool = False) -> Verdict:
        self.played.append(omission)
        broken = not (self.faults & omission.faults or self.acts & omission.acts)
        names = ["I3 no duplicate creation"] * broken + ["I4 no lost update"] * (omission == NOTHING)
        verdict = Verdict(self.seed, "", [Violation(name, "") for name in names], 1, 1)
        verdict.faults = 30
        return verdict


numbers = st.frozensets(st.integers(1, 19), max_size=3)


@given(numbers, numbers)
def test_a_shrunk_schedule_keeps_what_it_fails_by_and_nothing_else(
    faults: frozenset[int], acts: frozenset[int]
) -> None:
    case = Contrived(faults, acts)
    found = Shrinker(cast(Case, case), most=2000).run()
    assert frozenset(range(1, 31)) - found.faults == faults
    assert frozenset(range(20)) - found.acts == acts
    assert found.runs == frozenset(range(5))


def test_shrinking_ends_after_so_many_tries() -> None:
    case = Contrived(frozenset({3, 9}), frozenset({4}))
    Shrinker(cast(Case, case), most=7).run()
    assert len(case.played) == 8


def test_a_whole_schedule_is_not_shrunk() -> None:
    class Whole(Contrived):
        def play(self, omission: Omission, *, tell: bool = False) -> Verdict:
            return Verdict(1, "", [], 1, 1)

    assert Shrinker(cast(Case, Whole(frozenset(), frozenset()))).run() == NOTHING


def test_what_is_left_out_is_told_as_options_of_replay() -> None:
    told = words(Omission(frozenset({3, 1}), runs=frozenset({2})))
    assert told == ["--no-faults 1,3", "--no-runs 2"]


def test_an_omitted_fault_does_not_happen_and_moves_no_chance() -> None:
    def faults(omitted: Any) -> list[str]:
        weather = Weather(5, faulty=0.5, omitted=frozenset(omitted))
        return [str(weather.write()) for _ in range(40)]

    whole, without = faults(()), faults((2,))
    different = [at for at, (one, other) in enumerate(zip(whole, without, strict=True)) if one != other]
    assert len(different) == 1
    assert without[different[0]] == "fine"


def test_the_summary_names_every_invariant_and_the_first_seed_that_broke_it() -> None:
    summary = Summary()
    summary.add(Verdict(8, "0a", [Violation("I5 no echo pollution", "")] * 2, 10, 1, {"late": 2}))
    summary.add(Verdict(4, "0b", [Violation("I5 no echo pollution", "")], 10, 1, {"late": 1}))
    lines = list(summary.lines(2.0, "seed"))
    assert lines[0] == "2 schedules, 20 switch points, 1.00 schedules/s"
    assert lines[1] == "traces: 0000000000000015, the same wherever this engine plays them"
    assert lines[2] == "faults: late 3"
    assert [line.split()[-2:] for line in lines if line.startswith("I5")] == [["2", "4"]]
    assert [line.split()[-2:] for line in lines if line.startswith("I1 ")] == [["0", "-"]]
