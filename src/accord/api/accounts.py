"""Whose account is behind each connection, and is it still the same?"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from accord.api.views import AccountCheck
from accord.connector.answers import account as account_of
from accord.engine.stop import UnexpectedError
from accord.errors import AccessError, AccordError, SetupError

if TYPE_CHECKING:
    from accord.api.compose import Connections
    from accord.connector import Connector
    from accord.engine.flow import Flow
    from accord.engine.world import World
    from accord.env import Env
    from accord.model.record import Account
    from accord.store import Store

_log = logging.getLogger(__name__)


def check_all(
    connections: Connections, store: Store, env: Env, names: Iterable[str] | None
) -> list[AccountCheck]:
    """Ask each connection who we are there; trouble of one is its answer, not an exception."""
    chosen = list(connections.config.connections) if names is None else list(names)
    return [_check(connections, store, env, name) for name in chosen]


def _check(connections: Connections, store: Store, env: Env, name: str) -> AccountCheck:
    if name in connections.troubles:
        trouble = connections.troubles[name]
        problem = (type(trouble).__name__, str(trouble), trouble.hint, trouble.exit_code)
        return AccountCheck(name, connections.config.connections[name].connector, None, (), *problem)
    connector = connections.connectors.get(name)
    if connector is None:
        known = ", ".join(connections.config.connections)
        raise SetupError(f"there is no connection {name!r}", hint=f"Connections: {known}.")
    streams = tuple(connections.streams[name])
    try:
        account = account_of(connector, _told(connector))
        same_account(store, env, name, account)
    except AccordError as error:
        problem = (type(error).__name__, str(error), error.hint, error.exit_code)
        return AccountCheck(name, connector.name, None, streams, *problem)
    if account.missing:
        missing = ", ".join(account.missing)
        hint = f"Grant these in {connector.title or connector.name}, then check again."
        return AccountCheck(
            name, connector.name, account, streams, "AccessError", f"rights are missing: {missing}", hint, 5
        )
    return AccountCheck(name, connector.name, account, streams)


def refuse_changed(
    connections: Connections, world: World, flow: Flow, only: frozenset[str] | None
) -> dict[str, AccordError]:
    """Stop before the first page when a connection of the flow leads to another account than before.

    A swapped token would look like a mass deletion (sync.md A9).

    Returns:
        The connections that could not be asked, and why; the run goes on without them.

    Raises:
        AccessError: the account is another one.
        SetupError: the connection has another name than before.
        AnswerShapeError, UnexpectedError: the connector's check is faulty.
    """
    unreached: dict[str, AccordError] = {}
    streams: dict[str, list[str]] = {}
    for member in flow.members:
        streams.setdefault(member.connection, []).append(member.stream.name)
    for name, theirs in streams.items():
        if only is None or name in only:
            connector = connections.connectors[name]
            try:
                told = _told(connector)
            except UnexpectedError:
                raise  # a bug in its check: nobody knows whose account it is
            except AccordError as error:
                unreached[name] = error
            else:
                account = account_of(connector, told)
                same_account(world.store, world.env, name, account)
                _refuse_renamed(world, name, theirs, account)
    return unreached


def _refuse_renamed(world: World, name: str, streams: Sequence[str], account: Account) -> None:
    """Links are kept by the connection's name: under another one every record would be made again."""
    with world.store.reading() as tx:
        others = [one for one in tx.accounts.connections(account.fingerprint) if one != name]
        for key in [(other, stream) for other in others for stream in streams]:
            if world.member(key) is None and tx.links.live_count(*key) + tx.links.retired_count(*key):
                before, scope = key[0], "/".join(key)
                raise SetupError(
                    f"connection {name!r} leads to the account that {before!r} led to, whose links of "
                    f"{scope} nobody would find: its records would be taken for new ones",
                    hint=f"If it was renamed, give it its old name {before!r} back. If it is to begin anew, "
                    f"let go of the old links first: `accord link release {scope}`.",
                    facts={"connection": name, "before": before},
                )


def _told(connector: Connector[Any]) -> Any:
    """What its check tells, or an error of ours: what a faulty connector says may quote a record."""
    try:
        return connector.check()
    except AccordError:
        raise
    except Exception as error:  # noqa: BLE001  a connector may raise anything
        connection = connector.context.connection
        _log.debug("check of %s", connection, exc_info=True)
        raise UnexpectedError(f"The check of connection {connection!r}", error) from None


def same_account(store: Store, env: Env, connection: str, account: Account) -> None:
    """Compare an account with the one first seen behind this connection, and note a first one.

    Raises:
        AccessError: they differ.
    """
    with store.reading() as tx:
        known = tx.accounts.load(connection)
    if known is None:
        with store.transaction("account") as tx:
            tx.accounts.save(connection, account.fingerprint, account.title, env.now().timestamp())
    elif known[0] != account.fingerprint:
        raise AccessError(
            f"connection {connection!r} now leads to another account than before",
            hint="If that is wanted, give the new account a connection of its own in accord.toml; "
            "else put the old credentials back. Nothing was read or written.",
            facts={"connection": connection},
        )
