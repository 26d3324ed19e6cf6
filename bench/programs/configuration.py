"""The accord.toml of each workload, as an operator would write it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HEAD = """\
[accord]
store = "{store}"

"""
CONNECTION = """\
[connections.{name}]
connector = "bench-{kind}"
base_url = "{url}"

"""
PURPOSES = {
    "customers": "service.transactional",
    "people": "marketing.direct",
    "orders": "service.support",
}
MODELS = {"customers": "customer", "people": "customer", "orders": "order"}


def one_way(url: str, store: str, stream: str, *, append: bool) -> str:
    """A source and a sink."""
    written = "appended" if append else stream
    flow = f"""\
[flows.{stream}]
model = "{MODELS[stream]}"
from = ["source.{stream}"]
to = ["sink.{written}"]
purpose = "{PURPOSES[stream]}"
match = {'["email", "phone"]' if stream == "people" else "[]"}
"""
    ends = [CONNECTION.format(name=name, kind=name, url=f"{url}/{name}") for name in ("source", "sink")]
    return "".join([HEAD.format(store=store), *ends, flow])


def systems(url: str, store: str, names: Sequence[str]) -> str:
    """Several systems, all of them both ways."""
    flow = f"""\
[flows.people]
model = "customer"
both = {list(names)}
purpose = "service.support"
match = ["email"]
conflict = "latest"
"""
    ends = [CONNECTION.format(name=name, kind="system", url=f"{url}/systems/{name}") for name in names]
    return "".join([HEAD.format(store=store), *ends, flow])


def many(url: str, store: str, count: int) -> str:
    """Many small sources, read in small pages, and one sink."""
    names = [f"s{place}" for place in range(count)]
    flow = f"""\
[flows.customers]
model = "customer"
from = {[f"{name}.leaves" for name in names]}
to = ["sink.customers"]
purpose = "service.transactional"
match = []
"""
    ends = [CONNECTION.format(name=name, kind="source", url=f"{url}/many/{name[1:]}") for name in names]
    sink = CONNECTION.format(name="sink", kind="sink", url=f"{url}/sink")
    return "".join([HEAD.format(store=store), *ends, sink, flow])


def kept(folder: Path, text: str) -> Path:
    """The configuration's file; a session writes it once."""
    path = folder / "accord.toml"
    if not path.exists():
        path.write_text(text, encoding="utf-8")
    return path
