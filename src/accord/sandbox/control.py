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

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accord.errors import ConfigError
from accord.sandbox.faults import FaultProfile
from accord.sandbox.message import Refused, Request, Response
from accord.sandbox.webhooks import Target

if TYPE_CHECKING:
    from accord.sandbox.vendor import Vendor

PREFIX = "/_sandbox/"
Body = dict[str, Any]


def answer(sandbox: Vendor, request: Request) -> Response:
    """Answer one control request: 404 for what is not there, 400 for what makes no sense."""
    parts = request.path.removeprefix(PREFIX).strip("/").split("/")
    try:
        body = _object(request)
        handler = HANDLERS.get((request.method, parts[0]))
        if parts[0] == "tables" and len(parts) > 1:
            return _table(sandbox, request, parts[1:], body)
        if handler is None:
            return _unknown()
        return handler(sandbox, request, body)
    except Refused as refusal:
        return refusal.response
    except KeyError as missing:
        return Response.json({"error": f"there is no {missing.args[0]}"}, 404)
    except ConfigError as wrong:
        return Response.json({"error": str(wrong), "hint": wrong.hint}, 400)
    except (ValueError, TypeError) as wrong:
        return Response.json({"error": str(wrong)}, 400)


def _unknown() -> Response:
    return Response.json({"error": "no such control", "help": __doc__}, 404)


def _object(request: Request) -> Body:
    """The body, empty where there is none."""
    body = request.json()
    if body is not None and not isinstance(body, dict):
        raise ValueError('the body must be a JSON object, such as {"faults": "10%"}')
    return body or {}


def _expect(body: Body, *needed: str, optional: Sequence[str] = ()) -> None:
    """Refuse a body that says less, or something else: a misspelt key would be left out in silence."""
    if not set(needed) <= set(body) <= {*needed, *optional}:
        keys = [f'"{name}"' for name in needed] + [f'"{name}" (optional)' for name in optional]
        raise ValueError(f"the body must be a JSON object of {', '.join(keys)}; it has {sorted(body)}")


def _table(sandbox: Vendor, request: Request, parts: list[str], body: Body) -> Response:
    name, rest = parts[0], parts[1:]
    table = sandbox.shelf.tables[name]
    if not rest:
        if request.method == "POST":
            return Response.json(sandbox.show(name, sandbox.person_creates(name, body)), 201)
        rows = table.indexed() if request.argument("indexed") else table.items()
        return Response.json({"items": [sandbox.show(name, item) for item in rows]})
    if rest[1:] == ["merge"]:
        _expect(body, "loser")
        item = sandbox.person_merges(name, rest[0], str(body["loser"]))
    elif rest[1:] == ["unsubscribe"]:
        _expect(body, optional=("channel",))
        item = sandbox.person_unsubscribes(name, rest[0], str(body.get("channel", "email")))
    elif rest[1:] == ["subscribe"]:
        _expect(body, optional=("channel",))
        item = sandbox.person_subscribes(name, rest[0], str(body.get("channel", "email")))
    elif rest[1:]:
        return _unknown()
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


def _stats(sandbox: Vendor, _request: Request, _body: Body) -> Response:
    return Response.json(sandbox.stats())


def _requests(sandbox: Vendor, request: Request, _body: Body) -> Response:
    if request.method == "DELETE":
        sandbox.log.clear()
    since = int(request.argument("since", "0"))
    return Response.json({"requests": [entry for entry in sandbox.log if entry["number"] > since]})


def _faults(sandbox: Vendor, request: Request, body: Body) -> Response:
    if request.method == "POST":
        _expect(body, "faults")
        sandbox.faults = FaultProfile.parse(str(body["faults"]))
    return Response.json({"faults": str(sandbox.faults)})


def _clock(sandbox: Vendor, request: Request, body: Body) -> Response:
    if request.method == "POST":
        _expect(body, "advance")
        sandbox.clock.advance(float(body["advance"]))
        sandbox.settle()
    return Response.json({"now": sandbox.clock.now().isoformat()})


def _settle(sandbox: Vendor, _request: Request, _body: Body) -> Response:
    return Response.json({"applied": sandbox.settle(everything=True)})


def _reset(sandbox: Vendor, _request: Request, body: Body) -> Response:
    _expect(body, optional=("seed", "size"))
    sandbox.reset(seed=body.get("seed"), size=body.get("size"))
    return Response.json(sandbox.stats())


def _webhooks(sandbox: Vendor, request: Request, body: Body) -> Response:
    hooks = sandbox.webhooks
    if request.method == "POST":
        _expect(body, "url", optional=("secret", "topics"))
        topics = frozenset(body.get("topics", ()))
        hooks.targets.append(Target(str(body["url"]), str(body.get("secret", "")), topics))
    elif request.method == "DELETE":
        hooks.targets.clear()
    sent = [{"url": delivery.url, "status": status} for delivery, status in hooks.sent]
    urls = [target.url for target in hooks.targets]
    return Response.json({"targets": urls, "waiting": len(hooks.waiting), "sent": sent})


def _expire(sandbox: Vendor, _request: Request, _body: Body) -> Response:
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
