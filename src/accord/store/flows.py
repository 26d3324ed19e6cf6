"""What was approved for each flow, and which account each connection belongs to."""

from __future__ import annotations

from dataclasses import asdict

from accord.store.bulk import Bulk
from accord.store.codec import Found, from_json, to_json
from accord.store.rows import FlowState
from accord.store.tables import account, flow_state

_FLOW = flow_state.select("WHERE flow = :flow")
_FLOWS = flow_state.select("ORDER BY flow")
_ACCOUNT = account.select("WHERE connection = :connection")
_SAME = account.select("WHERE fingerprint = :fingerprint ORDER BY connection")


class Flows:
    """Approvals and schedules of flows."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def load(self, flow: str) -> FlowState:
        """What is known of a flow; a fresh state if it never ran."""
        row = self._bulk.first(_FLOW, flow=flow)
        return FlowState(flow) if row is None else _unpack(row)

    def save(self, state: FlowState) -> None:
        """Save the state of a flow."""
        row = asdict(state)
        row["waiting_plan"] = None if state.waiting_plan is None else to_json(state.waiting_plan)
        self._bulk.upsert(flow_state, [row])

    def all(self) -> list[FlowState]:
        """The states of all flows that ever ran."""
        return [_unpack(row) for row in self._bulk.ask(_FLOWS)]


class Accounts:
    """Which vendor account a connection was first seen to use."""

    __slots__ = ("_bulk",)

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk

    def load(self, connection: str) -> tuple[str, str, float] | None:
        """Fingerprint, title and the instant they were saved; None for a new connection."""
        row = self._bulk.first(_ACCOUNT, connection=connection)
        return None if row is None else (row["fingerprint"], row["title"], row["at"])

    def connections(self, fingerprint: str) -> list[str]:
        """The connections that were seen to use an account."""
        return [row["connection"] for row in self._bulk.ask(_SAME, fingerprint=fingerprint)]

    def save(self, connection: str, fingerprint: str, title: str, at: float) -> None:
        """Note the account of a connection."""
        row = {"connection": connection, "fingerprint": fingerprint, "title": title, "at": at}
        self._bulk.upsert(account, [row])


def _unpack(row: Found) -> FlowState:
    plan = row["waiting_plan"]
    return FlowState(**{**row, "waiting_plan": None if plan is None else from_json(plan)})
