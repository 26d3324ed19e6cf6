"""Safeguards switched off, each in weather that needs it: the test of the test (sync.md A12)."""

# ruff: noqa: ARG001, PLR2004  directed weather is the same for every seed; chances stand where they are taken

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from accord.connector import Creates, Deletes
from accord.engine.flow import DeletePolicy, FieldRule, ForeignEdit, Policy, PolicyKind
from accord.testing.simulation.brakes import FEW
from accord.testing.simulation.town import NAMES, Climate, brief, general, vendor_traits
from accord.testing.simulation.vendor import Traits, cut, shortened, upper

PLAIN = Traits(creates=Creates.REFERENCE, conditional=True, effective_after=10.0)
STORM = Climate(systems=2, people=3, acts=10, runs=4, faulty=0.0, crashing=0.0)


def _echo(seed: int) -> Climate:
    """Answers get lost on vendors that change what they are given, and no mapping says so."""
    loud = replace(PLAIN, forms={"first": cut(10), "last": upper}, declared=False)
    return replace(STORM, faulty=0.4, traits=(loud, PLAIN), rush=4.0, people=1, acts=20, runs=6)


def _projection(seed: int) -> Climate:
    """A vendor keeps long names in a form that only its mapping foretells."""
    loud = replace(PLAIN, forms={"last": shortened})
    return replace(STORM, traits=(loud, PLAIN), people=2, acts=16)


def _overlap(seed: int) -> Climate:
    """Rows become visible late."""
    late = replace(PLAIN, visible_after=30.0)
    return replace(STORM, traits=(late, late), acts=16, runs=6, rush=8.0, people=6)


def _search(seed: int) -> Climate:
    """Creates whose answers are lost."""
    return replace(STORM, faulty=0.3, crashing=0.004, traits=(PLAIN, PLAIN))


def _reference(seed: int) -> Climate:
    """Creates whose answers are lost, of people without an address: our mark is all there is."""
    return replace(STORM, faulty=0.3, crashing=0.004, anonymous=0.6, people=6, traits=(PLAIN, PLAIN))


def _settle(seed: int) -> Climate:
    """Requests that take effect late, in places that show it later still."""
    slow = replace(PLAIN, effective_after=40.0, visible_after=30.0)
    return replace(STORM, faulty=0.4, traits=(slow, slow), rush=5.0, runs=6)


def _conditional(seed: int) -> Climate:
    """People edit while runs write."""
    return replace(STORM, traits=(PLAIN, PLAIN), acts=24, rush=1.0, runs=8, people=1)


def _intent(seed: int) -> Climate:
    """Crashes between a request and its answer, at vendors that show late what they did."""
    late = replace(PLAIN, visible_after=30.0)
    return replace(STORM, crashing=0.02, traits=(late, late), rush=4.0, people=6, acts=16, runs=8)


def _tombstone(seed: int) -> Climate:
    """People delete."""
    flagged = replace(PLAIN, deletes=Deletes.FLAG)
    return replace(STORM, traits=(flagged, flagged), acts=24, delete=DeletePolicy.DETACH)


def _fence(seed: int) -> Climate:
    """Runs that freeze for longer than their leases live."""
    return replace(STORM, together=0.9, freezing=0.03, traits=(PLAIN, PLAIN), runs=6)


def _consent(seed: int) -> Climate:
    """Withdrawals at Accord's desk while advertising is sent."""
    return replace(
        STORM, news=True, traits=(PLAIN,) * 3, acts=20, rush=1.5, people=8, agreeing=0.9, withdrawals=12
    )


def _brake(seed: int) -> Climate:
    """People delete nearly all that a system holds, and lists turn empty for a while."""
    random = Random(f"brake {seed}")
    traits = tuple(vendor_traits(random) for _ in range(4))
    return replace(
        STORM,
        systems=random.choice((2, 3)),
        orders=random.random() < 0.3,
        acts=12,
        runs=8,
        people=8,
        purges=random.choice((1, 2)),
        blackouts=random.choice((0, 1, 2)),
        limits=FEW,
        faulty=random.choice((0.0, 0.0, 0.12)),
        crashing=random.choice((0.0, 0.004)),
        delete=DeletePolicy.PROPAGATE,
        traits=traits,
    )


def _durability(seed: int) -> Climate:
    """The power of the machine fails: what no lasting commit covers never happened."""
    late = replace(PLAIN, visible_after=30.0)
    return replace(
        STORM,
        faulty=0.05,
        powering=0.01,
        traits=(late, PLAIN, PLAIN),
        people=6,
        acts=16,
        runs=8,
        rush=4.0,
        news=True,
        agreeing=0.8,
        withdrawals=4,
    )


ABLATIONS: dict[str, Callable[[int], Climate]] = {
    "echo": _echo,
    "projection": _projection,
    "overlap": _overlap,
    "search": _search,
    "reference": _reference,
    "settle": _settle,
    "conditional": _conditional,
    "intent": _intent,
    "tombstone": _tombstone,
    "fence": _fence,
    "consent": _consent,
    "brake": _brake,
    "durability": _durability,
}
"""By the name that the engine, or the store's place, knows them by in ``Env.ablations``."""


def _unconditional(seed: int) -> Climate:
    """Vendors whose writes take no condition, while 22 % of all requests fail: how many edits are lost?"""
    plain = replace(PLAIN, conditional=False)
    return replace(STORM, people=4, acts=18, runs=5, faulty=0.22, crashing=0.002, traits=(plain, plain))


def _adoption(seed: int) -> Climate:
    """People edit at once what an unanswered create made, and the stamps of the source are ahead."""
    upserting = replace(PLAIN, creates=Creates.UPSERT if seed % 2 else Creates.REFERENCE)
    early = replace(PLAIN, ahead=20.0)
    return replace(
        STORM, faulty=0.3, crashing=0.02, traits=(early, upserting), people=8, acts=24, rush=1.0, runs=8
    )


def _erasure(seed: int) -> Climate:
    """People are erased while others edit, merge and withdraw, and faults go on."""
    random = Random(f"erasure {seed}")
    traits = tuple(vendor_traits(random) for _ in range(4))
    return replace(
        STORM,
        systems=random.choice((2, 3)),
        orders=random.random() < 0.5,
        news=random.random() < 0.6,
        acts=18,
        rush=random.choice((2.0, 15.0)),
        people=4,
        agreeing=0.6,
        withdrawals=2,
        erasures=3,
        faulty=random.choice((0.0, 0.12, 0.22)),
        crashing=random.choice((0.0, 0.004)),
        delete=random.choice((DeletePolicy.DETACH, DeletePolicy.PROPAGATE)),
        traits=traits,
    )


def _operator(seed: int) -> Climate:
    """An operator changes mappings and policies while people edit, hints come and faults go on."""
    climate, random = brief(seed), Random(f"operator weather {seed}")
    return replace(
        climate,
        alterations=random.choice((1, 2, 4)),
        acts=max(climate.acts, 12),
        runs=max(climate.runs, 5),
        orders=random.random() < 0.4,
        hints=random.choice((0.0, 0.3)),
        together=random.choice((0.0, 0.0, 0.5)),
    )


def _plans(seed: int) -> Climate:
    """Mappings change, and what they make waits for somebody to look; so does every flow's first run."""
    climate, random = _operator(seed), Random(f"plans weather {seed}")
    return replace(climate, runs=max(climate.runs, 12), patience=random.choice((10.0, 60.0, 300.0)))


def _refusals(seed: int) -> Climate:
    """Vendors that refuse some records, one alone or the whole batch, and vendors that work in jobs."""
    climate, random = brief(seed), Random(f"refusals weather {seed}")
    traits = tuple(
        replace(
            each,
            together=random.random() < 0.5,
            longest=random.choice((0, 12, 12)),
            jobs=random.random() < 0.25,
            batch=random.choice((2, 4, 8)),
        )
        for each in climate.traits
    )
    return replace(
        climate,
        people=6,
        acts=max(climate.acts, 14),
        runs=max(climate.runs, 3),
        news=random.random() < 0.3,
        traits=traits,
        crashing=random.choice((0.0, 0.004)),
    )


def _privacy(seed: int) -> Climate:
    """Vendors pass on that people are to be forgotten, mail programs unsubscribe; again, and late."""
    climate, random = brief(seed), Random(f"privacy weather {seed}")
    return replace(
        climate,
        people=max(climate.people, 3),
        acts=max(climate.acts, 12),
        runs=max(climate.runs, 3),
        news=True,
        agreeing=0.8,
        hints=random.choice((0.0, 0.4)),
        redactions=random.choice((1, 2, 3)),
        clicks=random.choice((0, 1, 2)),
        busying=random.choice((0.0, 0.004)),
        crashing=random.choice((0.0, 0.004)),
        together=random.choice((0.0, 0.5)),
    )


def _mixed(seed: int) -> Climate:
    """A brief schedule with a little of everything that brief ones lack."""
    climate, random = brief(seed), Random(f"mixed weather {seed}")
    traits = tuple(
        replace(
            each,
            together=random.random() < 0.2,
            longest=random.choice((0, 0, 0, 12)),
            jobs=random.random() < 0.1,
            batch=random.choice((2, 4)),
        )
        for each in climate.traits
    )
    return replace(
        climate,
        traits=traits,
        people=max(climate.people, 3),
        merging=0.15,
        alterations=random.choice((0, 0, 0, 1)),
        redactions=random.choice((0, 0, 0, 1)),
        clicks=random.choice((0, 0, 1)) if climate.news else 0,
        hints=random.choice((0.0, 0.0, 0.3)),
        busying=random.choice((0.0, 0.0, 0.004)),
    )


def _tokens(seed: int) -> Climate:
    """Vendors whose access tokens expire, and runs that freeze while they renew them."""
    climate, random = brief(seed), Random(f"tokens weather {seed}")
    traits = tuple(replace(each, lasts=random.choice((70.0, 90.0, 180.0))) for each in climate.traits)
    return replace(
        climate,
        traits=traits,
        runs=max(climate.runs, 8),
        rush=random.choice((4.0, 15.0)),
        faulty=random.choice((0.05, 0.12, 0.22)),
        crashing=random.choice((0.0, 0.004)),
        freezing=random.choice((0.004, 0.03, 0.03)),
        together=random.choice((0.3, 0.9, 0.9)),
    )


def _blind(seed: int) -> Climate:
    """Advertising goes to a system that shows nobody anything: it takes creates, and answers with an id."""
    climate, random = _consent(seed), Random(f"blind weather {seed}")
    silent = Traits(creates=Creates.BLIND, by_reference=False, conditional=False, silent=True)
    return replace(
        climate,
        traits=(PLAIN, PLAIN, silent),
        faulty=random.choice((0.05, 0.12, 0.22)),
        crashing=random.choice((0.0, 0.004, 0.02)),
        erasures=random.choice((0, 0, 1)),
        together=random.choice((0.0, 0.5)),
    )


def _power(seed: int) -> Climate:
    """A brief schedule in whose course the power fails, perhaps twice."""
    climate, random = brief(seed), Random(f"power weather {seed}")
    return replace(
        climate,
        runs=max(climate.runs, 4),
        acts=max(climate.acts, 10),
        powering=random.choice((0.004, 0.01, 0.02)),
        hints=random.choice((0.0, 0.3)),
        crashing=random.choice((0.0, 0.004)),
    )


def _regrouping(seed: int) -> Climate:
    """An operator says who is who, while people edit and runs go on."""
    random = Random(f"regrouping {seed}")
    traits = tuple(vendor_traits(random) for _ in range(4))
    return replace(
        STORM,
        systems=random.choice((2, 3)),
        orders=random.random() < 0.5,
        news=random.random() < 0.4,
        acts=16,
        rush=random.choice((2.0, 15.0)),
        people=3,
        agreeing=0.5,
        withdrawals=1,
        unions=random.choice((0, 1)),
        partings=random.choice((1, 2)),
        faulty=random.choice((0.0, 0.0, 0.12)),
        crashing=random.choice((0.0, 0.004)),
        delete=random.choice((DeletePolicy.DETACH, DeletePolicy.PROPAGATE)),
        traits=traits,
    )


def _one_way(seed: int) -> Climate:
    """People work in one system, and each page of it is sent on to the others while the next is read."""
    climate = general(seed)
    return replace(
        climate,
        one_way=True,
        people=6,
        acts=16,
        runs=5,
        traits=tuple(replace(each, page=2) for each in climate.traits),
    )


def _families(seed: int) -> Climate:
    """People are known by address or by number, some by one of them only, and families share a number."""
    random = Random(f"families {seed}")
    return replace(
        general(seed),
        match=("email", "phone"),
        sharing=random.choice((0.2, 0.5)),
        anonymous=random.choice((0.0, 0.3)),
        people=4,
        acts=14,
        runs=5,
    )


def _owned(seed: int) -> Climate:
    """Fields that belong to one system, whatever is typed in the others."""
    random = Random(f"owned {seed}")
    climate = general(seed)
    owners, edits = NAMES[: climate.systems], list(ForeignEdit)
    rules = {
        cell: FieldRule(climate.policy, random.choice(owners), random.choice(edits))
        for cell in ("given_name", "family_name", "phone")
        if random.random() < 0.6
    }
    return replace(climate, rules=rules, people=random.choice((1, 2)), acts=14, runs=5)


def _ruled(seed: int) -> Climate:
    """A person decides what systems disagree about, while they go on."""
    random = Random(f"ruled {seed}")
    climate = general(seed)
    manual = Policy(PolicyKind.MANUAL)
    return replace(
        climate,
        people=random.choice((1, 2)),
        acts=14,
        runs=6,
        erasures=random.choice((0, 0, 1)),
        rulings=random.choice((2, 6)),
        policy=climate.policy if random.random() < 0.3 else manual,
    )


WEATHERS: dict[str, Callable[[int], Climate]] = {
    **ABLATIONS,
    "unconditional": _unconditional,
    "adoption": _adoption,
    "blind": _blind,
    "erasure": _erasure,
    "regrouping": _regrouping,
    "brief": brief,
    "families": _families,
    "mixed": _mixed,
    "onward": _one_way,
    "operator": _operator,
    "owned": _owned,
    "plans": _plans,
    "power": _power,
    "privacy": _privacy,
    "refusals": _refusals,
    "ruled": _ruled,
    "tokens": _tokens,
}
"""Every weather that a person may ask for by name."""


def directed(name: str) -> tuple[Callable[[int], Climate], frozenset[str]]:
    """The weather directed at a safeguard, and the set that switches it off."""
    return ABLATIONS[name], frozenset({name})


__all__ = ["ABLATIONS", "WEATHERS", "directed"]
