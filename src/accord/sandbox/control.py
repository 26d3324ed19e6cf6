"""The control plane under ``/_sandbox/``: what a person at the vendor, or a test, does and sees.

Loopback only, without credentials, never subject to faults or limits::

    GET    stats                          counts of requests, writes, faults, concurrency, table sizes
    GET    tables/{table}                 every record (?indexed=1 as searches see them)
    POST   tables/{table}                 a person types a new record (body: the values)
    GET    tables/{table}/{id}            one record
    PUT    tables/{table}/{id}            a person edits it (body: the values that change)
    DELETE tables/{table}/{id}            a person deletes it
    POST   tables/{table}/{id}/merge      a person merges another into it (body: {"loser": id})
    POST   tables/{table}/{id}/unsubscribe   the person it is about unsubscribes (body: {"channel": "email"})
    POST   tables/{table}/{id}/subscribe     the person it is about subscribes by the vendor's form
    GET    requests                       the request log (?since=number); DELETE empties it
    GET    faults, POST faults            {"faults": "10%"}
    GET    clock, POST clock              {"advance": seconds}
    POST   settle                         apply late requests now
    POST   reset                          {"seed": 1, "size": 200}, both optional
    GET    webhooks, POST webhooks        {"url": …, "secret": …, "topics": […]}; DELETE removes all
    POST   tokens/expire                  every access token ends now
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accord.errors import ConfigError
from accord.sandbox.faults import FaultProfile
from accord.sandbox.message import Refused, Request, Response
from accord.sandbox.webhooks import Target

if TYPE_CHECKING:
    from accord.sandbox.vendor import Vendor

PREFIX = "/_sandbox/"


def answer(sandbox: Vendor, request: Request) -> Response:
    """Answer one control request: 404 for what is not there, 400 for what makes no sense."""
    parts = request.path.removeprefix(PREFIX).strip("/").split("/")
    try:
        body = request.json() or {}
        handler = HANDLERS.get((request.method, parts[0]))
        if parts[0] == "tables" and len(parts) > 1:
            return _table(sandbox, request, parts[1:], body)
        if handler is None:
            return Response.json({"error": "no such control", "help": __doc__}, 404)
        return handler(sandbox, request, body)
    except Refused as refusal:
        return refusal.response
    except KeyError as missing:
        return Response.json({"error": f"there is no {missing.args[0]}"}, 404)
    except (ValueError, TypeError, ConfigError) as wrong:
        return Response.json({"error": str(wrong)}, 400)


def _table(sandbox: Vendor, request: Request, parts: list[str], body: Any) -> Response:
    name, rest = parts[0], parts[1:]
    table = sandbox.shelf.tables[name]
    if not rest:
        if request.method == "POST":
            return Response.json(sandbox.show(name, sandbox.person_creates(name, body)), 201)
        rows = table.indexed() if request.argument("indexed") else table.items()
        return Response.json({"items": [sandbox.show(name, item) for item in rows]})
    if rest[1:] == ["merge"]:
        item = sandbox.person_merges(name, rest[0], str(body["loser"]))
    elif rest[1:] == ["unsubscribe"]:
        item = sandbox.person_unsubscribes(name, rest[0], str(body.get("channel", "email")))
    elif rest[1:] == ["subscribe"]:
        item = sandbox.person_subscribes(name, rest[0], str(body.get("channel", "email")))
    elif request.method == "PUT":
        item = sandbox.person_edits(name, rest[0], body)
    elif request.method == "DELETE":
        sandbox.person_deletes(name, rest[0])
        return Response.empty()
    else:
        found = table.get(rest[0])
        if found is None:
            raise KeyError(rest[0])
        item = found
    return Response.json(sandbox.show(name, item))


def _stats(sandbox: Vendor, _request: Request, _body: Any) -> Response:
    return Response.json(sandbox.stats())


def _requests(sandbox: Vendor, request: Request, _body: Any) -> Response:
    if request.method == "DELETE":
        sandbox.log.clear()
    since = int(request.argument("since", "0"))
    return Response.json({"requests": [entry for entry in sandbox.log if entry["number"] > since]})


def _faults(sandbox: Vendor, request: Request, body: Any) -> Response:
    if request.method == "POST":
        sandbox.faults = FaultProfile.parse(str(body.get("faults", "")))
    return Response.json({"faults": str(sandbox.faults)})


def _clock(sandbox: Vendor, request: Request, body: Any) -> Response:
    if request.method == "POST":
        sandbox.clock.advance(float(body["advance"]))
        sandbox.settle()
    return Response.json({"now": sandbox.clock.now().isoformat()})


def _settle(sandbox: Vendor, _request: Request, _body: Any) -> Response:
    return Response.json({"applied": sandbox.settle(everything=True)})


def _reset(sandbox: Vendor, _request: Request, body: Any) -> Response:
    sandbox.reset(seed=body.get("seed"), size=body.get("size"))
    return Response.json(sandbox.stats())


def _webhooks(sandbox: Vendor, request: Request, body: Any) -> Response:
    hooks = sandbox.webhooks
    if request.method == "POST":
        topics = frozenset(body.get("topics", ()))
        hooks.targets.append(Target(str(body["url"]), str(body.get("secret", "")), topics))
    elif request.method == "DELETE":
        hooks.targets.clear()
    sent = [{"url": delivery.url, "status": status} for delivery, status in hooks.sent]
    urls = [target.url for target in hooks.targets]
    return Response.json({"targets": urls, "waiting": len(hooks.waiting), "sent": sent})


def _expire(sandbox: Vendor, _request: Request, _body: Any) -> Response:
    sandbox.expire_tokens()
    return Response.empty()


HANDLERS = {
    ("GET", "stats"): _stats,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _requests,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _faults,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _clock,
    ("POST", "settle"): _settle,
    ("POST", "reset"): _reset,
    ("GET", "webhooks"): _webhooks,
    ("POST", "webhooks"): _webhooks,
    ("DELETE", "webhooks"): _webhooks,
    ("POST", "tokens"): _expire,
}
