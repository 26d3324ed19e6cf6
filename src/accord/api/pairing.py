"""Are the ids that somebody imports really there? A link to nothing would look like a deletion later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from accord.engine.observe import Observer
from accord.errors import AccessError, RetryableError, VendorError

if TYPE_CHECKING:
    from accord.engine.decide import Pair
    from accord.engine.flow import Key
    from accord.engine.world import Owner, World
    from accord.model.record import Row

Side = tuple[str, str, str]
"""Connection, stream, external id."""


def unheard_of(world: World, pairs: Sequence[Pair]) -> list[tuple[int, str]]:
    """The positions of pairs with an id that its system does not have, and why each is refused.

    Ids that Accord has links of are not asked for, nor those of streams that cannot read single records.

    Raises:
        VendorError: a system cannot be asked now.
    """
    problems: dict[Side, str] = {}
    for key, ids in _unlinked(world, pairs).items():
        owner = world.member(key)
        if owner is not None:
            problems |= {(*key, id_): why for id_, why in _asked(world, owner, sorted(ids)).items()}
    return [
        (position, problems[side])
        for position, pair in enumerate(pairs)
        for side in sides_of(pair)
        if side in problems
    ]


def sides_of(pair: Pair) -> tuple[Side, Side]:
    """Both records of a pair."""
    return (
        (pair.connection, pair.stream, pair.external_id),
        (pair.other_connection, pair.other_stream, pair.other_external_id),
    )


def _unlinked(world: World, pairs: Iterable[Pair]) -> Mapping[Key, set[str]]:
    """The ids of the pairs that have no link yet, by stream."""
    found: dict[Key, set[str]] = {}
    for pair in pairs:
        for connection, stream, external_id in sides_of(pair):
            found.setdefault((connection, stream), set()).add(external_id)
    with world.store.reading() as tx:
        return {key: ids - tx.links.get(*key, sorted(ids)).keys() for key, ids in found.items()}


def _asked(world: World, owner: Owner, ids: Sequence[str]) -> Mapping[str, str]:
    """What is wrong with some ids of one stream, as its system says."""
    stream = owner.member.stream
    get, size = stream.operations.get, stream.operations.sizes.get("get", 1)
    if get is None:
        return {}
    observer = Observer(owner.flow, owner.member, world.store.key)

    def ask(asked: Sequence[str]) -> dict[str, str]:
        try:
            rows = get(asked)
        except (RetryableError, AccessError):
            raise
        except VendorError as error:  # it takes the form of an id amiss: whose, shows one by one
            if len(asked) > 1:
                return {id_: why for one in asked for id_, why in ask([one]).items()}
            return {asked[0]: f"{owner.member.scope} cannot be asked for a record {asked[0]!r}: {error}"}
        return {id_: why for id_ in asked if (why := _fault(owner, observer, id_, rows.get(id_)))}

    return {id_: why for at in range(0, len(ids), size) for id_, why in ask(ids[at : at + size]).items()}


def _fault(owner: Owner, observer: Observer, id_: str, row: Row | None) -> str:
    """Why a system's answer is not the record of this id; "" where it is."""
    if row is None:
        return f"{owner.member.scope} has no record {id_!r}"
    (seen,) = observer.look([row])
    if seen.deleted:
        return f"record {id_!r} of {owner.member.scope} is deleted"
    if seen.external_id != id_:
        return f"{owner.member.scope} calls record {id_!r} {seen.external_id!r}"
    return ""
