"""A vendor whose access tokens expire: who issues and checks them, and the line by which it is called.

Requests of such a vendor travel through Accord's own HTTP client, so that tokens are fetched, kept, renewed
and shared as in production. A request carries its number only; what it does is kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

import httpx
from pydantic import SecretStr

from accord.errors import VendorError
from accord.http import Http, OAuth2Refresh
from accord.testing.simulation.weather import Fate

if TYPE_CHECKING:
    from accord.connector import Context
    from accord.testing.simulation.process import Process
    from accord.testing.simulation.scheduler import Scheduler

T = TypeVar("T")
FIRST = "refresh 0"
"""The refresh token that a person's consent gave."""
UNAUTHORIZED, THROTTLED, DOWN = 401, 429, 503
ON_THE_WAY = 30.0
"""Seconds after which a request for tokens does not arrive any more (V1); the client waits as long."""
NOT_SERVED = {Fate.THROTTLED: THROTTLED, Fate.DOWN: DOWN, Fate.FORBIDDEN: DOWN}
REUSED = "an old refresh token was used: the vendor ends every token of the connection"


class Issuer:
    """The vendor's side: refresh tokens are good for one use, and an old one that comes again ends them all.

    Whose answer was lost may ask once more: an old token counts as old when its successor was used
    (as RFC 9700, 4.14.2 has it, with the leeway that vendors grant).
    """

    def __init__(self, scheduler: Scheduler, lasts: float, seed: str) -> None:
        self.scheduler, self.lasts = scheduler, lasts
        self.random = Random(f"issuer {seed}")
        self.ended = False
        self._number = 0
        self._good: dict[str, str] = {FIRST: ""}
        """Refresh tokens that are still good -> the one before."""
        self._before: dict[str, str] = {}
        """Access token -> the refresh token that it was exchanged for."""
        self._until: dict[str, float] = {}

    def exchange(self, refresh: str) -> dict[str, Any] | None:
        """A new pair of tokens; None = refused."""
        if refresh not in self._good:
            self.ended = True
            self.scheduler.note(REUSED)
        if self.ended:
            return None
        self._number += 1
        fresh, access = f"refresh {self._number}", f"access-{self._number}"
        self._use(refresh)
        self._good[fresh] = refresh
        self._before[access] = refresh
        # Some end before their time: the vendor's operator, a new password.
        self._until[access] = self.scheduler.seconds + self.lasts * self.random.choice((1.0, 1.0, 0.3))
        return {"access_token": access, "refresh_token": fresh, "expires_in": self.lasts}

    def admits(self, access: str) -> bool:
        """Whether a request with this token is served."""
        if self.ended or self._until.get(access, 0.0) < self.scheduler.seconds:
            return False
        self._good.pop(self._before[access], None)
        return True

    def _use(self, refresh: str) -> None:
        """A refresh token that is used is the word that its own answer arrived: the one before is old."""
        self._good.pop(self._good[refresh], None)


class Unsealed:
    """Seals nothing: a store that is gone with its schedule may keep tokens in clear."""

    def seal(self, value: bytes) -> bytes:
        """The value."""
        return value

    def unseal(self, value: bytes) -> bytes:
        """The value."""
        return value


@dataclass
class Call:
    """A request on its way: what happens when it begins, what the vendor does, and what came of it."""

    begins: Callable[[], object]
    work: Callable[[], Any]
    value: Any = None
    error: VendorError | None = None


class Line(httpx.BaseTransport):
    """One process's line to one vendor: what it sends there arrives here.

    Args:
        travel: The way of a request or of an answer.
    """

    def __init__(self, process: Process, issuer: Issuer, travel: Callable[[str], None]) -> None:
        self.process, self.issuer, self.travel = process, issuer, travel
        self.calls: dict[str, Call] = {}

    def open(self, context: Context) -> Http:
        """The HTTP client of a connection to this vendor."""
        address = f"http://{context.connection}.example.com"
        self.process.lines[address] = self
        auth = OAuth2Refresh("/token", "accord", SecretStr("secret"), SecretStr(FIRST))
        return Http(address, context=context, auth=auth)

    def call(self, http: Http, work: Callable[[], T], begins: Callable[[], object], *, safe: bool) -> T:
        """Have the vendor do something, if the token that goes with it is good.

        Raises:
            VendorError: what the work raised, or the HTTP client.
        """
        number = str(len(self.calls))
        call = self.calls[number] = Call(begins, work)
        http.post(f"/calls/{number}", safe=safe)
        if call.error is not None:
            raise call.error
        value: T = call.value
        return value

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """What arrives at the vendor."""
        if request.url.path == "/token":
            return self._token(parse_qs(request.content.decode())["refresh_token"][0])
        call = self.calls[request.url.path.rpartition("/")[2]]
        call.begins()
        if not self.issuer.admits(request.headers["authorization"].removeprefix("Bearer ")):
            self.process.weather.note("token refused")
            self.travel("a token is refused")
            return httpx.Response(UNAUTHORIZED)
        try:
            call.value = call.work()
        except VendorError as error:
            call.error = error
        return httpx.Response(200, json={})

    def _token(self, refresh: str) -> httpx.Response:
        fate = self.process.weather.write()
        began = self.process.scheduler.seconds
        self.travel(f"tokens for {refresh} {fate}")
        if fate in NOT_SERVED:
            return httpx.Response(NOT_SERVED[fate], headers={"Retry-After": "2"})
        if fate is Fate.LOST or self.process.scheduler.seconds - began > ON_THE_WAY:
            raise httpx.ReadTimeout("no answer")
        issued = self.issuer.exchange(refresh)
        self.process.weather.note("no token issued" if issued is None else "token issued")
        self.travel("the tokens are answered")
        if fate in (Fate.UNANSWERED, Fate.LATE):
            raise httpx.ReadTimeout("no answer")
        if fate is Fate.GARBLED:
            return httpx.Response(200, text="<html>")
        return httpx.Response(400, json={"error": "invalid_grant"}) if issued is None else _ok(issued)


def _ok(issued: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json=issued)
