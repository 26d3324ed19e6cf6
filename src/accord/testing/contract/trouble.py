"""Trouble: limits are waited for, and whatever goes wrong on the way is told as the vendor's error."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from accord.errors import RateLimitedError, VendorError
from accord.model.record import Result
from accord.sandbox import FaultProfile
from accord.testing.contract.needs import needs
from accord.testing.contract.setting import Setting

if TYPE_CHECKING:
    import httpx

    from accord.testing.clerk import Clerk

MOST_REQUESTS = 20
"""Requests within one call that a vendor who refuses everything may see."""
FAULTS = ("lost-request", "lost-reply", "late", "duplicate", "429", "5xx", "401", "torn", "html")
PAGE_FAULTS = ("lost-request", "lost-reply", "429", "5xx", "401", "torn", "html", "repeat", "reorder")


class Trouble(Setting):
    """Faults between the connector and its vendor."""

    @needs("read", "http")
    def test_a_limit_on_reads_is_honoured(self, clerk: Clerk) -> None:
        """The client waits between its attempts, then gives up and says for how long."""
        times = _watched(clerk, "429")
        with pytest.raises(RateLimitedError) as caught:
            clerk.rows()
        _patient(times)
        assert caught.value.retry_after is None or caught.value.retry_after > 0

    @needs("create", "http", "sample")
    def test_a_limit_on_writes_is_honoured(self, clerk: Clerk) -> None:
        """Nothing was written, and the engine learns that it may try again."""
        before = clerk.count()
        times = _watched(clerk, "429")
        with pytest.raises(RateLimitedError):
            clerk.send([clerk.creating(1)])
        _patient(times)
        _calm(clerk)
        assert clerk.count() == before

    @needs("read", "http")
    @pytest.mark.parametrize("fault", PAGE_FAULTS)
    def test_a_fault_while_reading_is_the_vendors_error(self, clerk: Clerk, fault: str) -> None:
        """Never a raw network or decoding error, never a wrong page."""
        wanted = set(clerk.ids())
        _watched(clerk, fault)
        try:
            seen = set(clerk.again().ids())
        except VendorError:
            return
        assert seen == wanted

    @needs("create", "http", "sample")
    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_fault_while_creating_makes_no_second_record(self, clerk: Clerk, fault: str) -> None:
        """Whatever became of the first attempt: after looking, as the engine does, there is one record."""
        before = clerk.count()
        _watched(clerk, fault)
        done = _attempt(clerk)
        _calm(clerk)
        if not done and not _found(clerk):
            assert _attempt(clerk), "refused although nothing is wrong any more"
        _calm(clerk)
        assert clerk.count() == before + 1


def _attempt(clerk: Clerk) -> bool:
    """Try to create a record; whether the vendor said that it did."""
    try:
        [outcome] = clerk.send([clerk.creating(1)])
    except VendorError:
        return False
    assert outcome.result is not Result.REJECTED, f"rejected: {outcome.reason}"
    return outcome.result is Result.DONE


def _found(clerk: Clerk) -> bool:
    """Look for the record as the engine does before it creates again."""
    if clerk.can.find is None:
        return False
    write = clerk.creating(1)
    field = clerk.stream.find_by[0]
    return bool(clerk.find(field, write.hub_id if field == "hub_id" else str(write.document[field])))


def _watched(clerk: Clerk, fault: str) -> list[float]:
    """From now on every request meets this fault; the times of the requests."""
    times: list[float] = []

    def note(request: httpx.Request) -> None:  # noqa: ARG001  only its time counts
        times.append(clerk.stand.env.elapsed)

    assert clerk.stand.sandbox is not None
    assert clerk.stand.recorder is not None
    clerk.stand.sandbox.faults = FaultProfile({fault: 1.0})
    clerk.stand.recorder.asked = note
    return times


def _patient(times: list[float]) -> None:
    assert times, "nothing was asked"
    assert len(times) <= MOST_REQUESTS, f"{len(times)} requests to a vendor that asked us to wait"
    assert all(one < two for one, two in pairwise(times)), "asked again at once"


def _calm(clerk: Clerk) -> None:
    """The faults end, and all that is still on its way arrives."""
    assert clerk.stand.sandbox is not None
    clerk.stand.sandbox.faults = FaultProfile()
    clerk.wait()
    clerk.stand.sandbox.settle(everything=True)
    clerk.wait()
