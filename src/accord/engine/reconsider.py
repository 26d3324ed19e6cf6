"""Reconsider: what holds for everybody is read anew when the rules changed, or when time ended a permission.

So it is when a stream is in a flow again that had left: withdrawals of the time between were not told there.

The rules are the policy, the texts people were shown, and what each destination is for. What follows for each
person is :mod:`accord.engine.recall`'s, as for any other change.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from accord.engine.addresses import index
from accord.engine.refold import refold
from accord.engine.retire import RETURNED
from accord.errors import StateError
from accord.store.rows import EntityState

if TYPE_CHECKING:
    from accord.engine.world import World
    from accord.store import Transaction
    from accord.store.rows import Entity

_log = logging.getLogger(__name__)

PAGE = 500
POLICY, USES = "consent_policy", "consent_uses"
"""Names of the marks that tell under which rules everybody was decided last."""


def reconsider(world: World) -> None:
    """Carry out ended permissions, and decide everybody anew if the rules changed since it was done last.

    Losing the consent store stops marketing, not orders (consent.md 2.7, K7): the gate refuses by itself.
    """
    try:
        _reconsider(world)
    except StateError as error:
        debug = _log.isEnabledFor(logging.DEBUG)  # the traceback's messages may quote a person
        _log.error("consent cannot be decided anew (%s)", type(error).__name__, exc_info=debug)


def _reconsider(world: World) -> None:
    with world.store.reading("rules") as tx:
        returned = tx.marks.get(RETURNED) is not None
    if returned:
        everybody(world, anew=True)
        with world.store.transaction("rules") as tx:
            tx.marks.remove(RETURNED)
    if not world.asks_people and not _ever_asked(world):
        return
    while end(world):
        pass
    wanted = {POLICY: _policy(world)}
    if not world.closed:  # a flow that cannot be opened now has not lost its purpose
        wanted[USES] = _uses(world)
    with world.store.reading("rules") as tx:
        changed = {name: value for name, value in wanted.items() if tx.marks.get(name) != value}
    if not changed:
        return
    everybody(world)
    with world.store.transaction("rules") as tx:
        for name, value in changed.items():
            tx.marks.put(name, value)


def everybody(world: World, *, anew: bool = False) -> None:
    """Decide anew what stands anywhere, page by page: one transaction each.

    Args:
        world: The flows, the policy.
        anew: Also tell systems of refusals that are not new, where they show a yes.
    """
    _each(world, lambda tx, after: tx.signals.subjects(after, PAGE), anew=anew)
    _each(world, lambda tx, after: tx.ledger.subjects(after, PAGE), anew=anew)


def end(world: World) -> int:
    """Carry out permissions whose own date has come; how many people there were."""
    now = world.env.now().timestamp()
    with world.store.reading("consent ends") as tx:
        if not tx.permissions.ending(now, 1):
            return 0
    with world.store.transaction("consent ends") as tx:
        ended = tx.permissions.ending(now)
        again(world, tx, tx.entities.resolve(ended).values())
        return len(ended)


def again(
    world: World,
    tx: Transaction,
    people: Iterable[Entity],
    stirred: Sequence[str] = (),
    *,
    anew: bool = False,
) -> None:
    """Read people's logs anew, and save what follows."""
    found = list(people)
    refold(world, tx, found, stirred=stirred, anew=anew)
    changed = [one for one in found if one.rev != one.loaded_rev]
    tx.entities.update(changed)
    tx.dirty.add([(*key, one.id) for one in changed for key in world.written(one.kind)])


def stir(world: World, tx: Transaction, person: Entity, left: dict[str, str] | None = None) -> None:
    """Decide one person anew: something that decisions rest on was changed by hand. Saves nothing of them."""
    index(world, tx, [person])
    refold(world, tx, [person], left={person.id: left} if left else None, stirred=[person.id])


def _each(world: World, page: Callable[[Transaction, str], list[str]], *, anew: bool) -> None:
    after = ""
    while True:
        with world.store.reading("decide anew") as tx:
            subjects = page(tx, after)
        if not subjects:
            return
        after = subjects[-1]
        with world.store.transaction("decide anew") as tx:
            found = tx.entities.get(subjects).values()
            people = [one for one in found if one.state in (EntityState.LIVE, EntityState.TOMBSTONE)]
            again(world, tx, people, [one.id for one in people], anew=anew)


def _ever_asked(world: World) -> bool:
    with world.store.reading("rules") as tx:
        return tx.marks.get(USES) is not None


def _policy(world: World) -> int:
    with world.store.reading("notices") as tx:
        return _number([world.policy.model_dump_json(), tx.notices.count()])


def _uses(world: World) -> int:
    members = [member for flow in world.flows for member in flow.members]
    return _number(sorted((*m.key, m.purpose, m.channel, m.brand, m.writes, m.needs_grant) for m in members))


def _number(facts: Any) -> int:
    """A number that tells whether facts changed."""
    return int.from_bytes(blake2b(json.dumps(facts).encode(), digest_size=7).digest())
