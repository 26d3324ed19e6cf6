"""Everything that the vendor holds, and the routes that lead there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from bench.job import JOBS, SOURCES
from bench.vendor.sink import Answer, Sink
from bench.vendor.source import Source, sources
from bench.vendor.system import System
from bench.vendor.weather import Weather

NOT_FOUND: Answer = (404, b'{"error":"not_found"}')


class Town:
    """The source, the sink and the systems, with what happened there."""

    def __init__(self) -> None:
        self.weather = Weather()
        self.sources: dict[str, Source] = {}
        self.sizes = {"customers": 0, "orders": 0}
        self.systems: dict[str, System] = {}
        self.slice = 0
        self.empty()

    def empty(self) -> None:
        """Forget what was written and counted; what can be read stays."""
        self.sinks = {name: Sink() for name in JOBS}
        self.zero()

    def zero(self) -> None:
        """Forget what was counted."""
        self.counts: Counter[str] = Counter()
        self.in_flight = 0
        self.finished: dict[str, float] = {}
        for sink in self.sinks.values():
            sink.counts.clear()

    def answer(
        self, method: str, parts: list[str], query: Mapping[str, str], body: bytes, key: str | None
    ) -> Answer:
        """The vendor's answer to a request."""
        found = self._read(parts, query) if method == "GET" else self._written(parts, body, key)
        return found or NOT_FOUND

    def _read(self, parts: list[str], query: Mapping[str, str]) -> Answer | None:
        match parts:
            case [*place, "account"]:
                return 200, orjson.dumps({"id": "/".join(place)})
            case ["source", stream] if stream in self.sources:
                return 200, self.sources[stream].page(query)
            case ["many", place, "customers"]:
                first = int(place) * self.slice
                return 200, self.sources["customers"].page(query, (first, first + self.slice))
            case ["sink", stream] if stream in self.sinks:
                return 200, self._held(self.sinks[stream], query)
            case ["systems", name, "customers"] if name in self.systems:
                return 200, self.systems[name].listing(query)
        return None

    def _written(self, parts: list[str], body: bytes, key: str | None) -> Answer | None:
        match parts:
            case ["sink", stream, "batch"] if stream in self.sinks:
                return self.sinks[stream].upsert(body)
            case ["sink", stream, "append"] if stream in self.sinks:
                return self.sinks[stream].append(body, key)
            case ["systems", name, "customers"] if name in self.systems:
                return 200, self.systems[name].write(body)
        return None

    def _held(self, sink: Sink, query: Mapping[str, str]) -> bytes:
        start = int(query.get("cursor") or 0)
        keys = list(sink.held)[start : start + 250]
        rows = [{"key": key, "data": sink.held[key]} for key in keys]
        return orjson.dumps(
            {"data": rows, "next": str(start + 250) if start + 250 < len(sink.held) else None}
        )

    def control(self, command: str, told: Mapping[str, Any]) -> Any:
        """What the one who measures asks for; faults and latency do not touch it."""
        match command:
            case "stock":
                return self._stock(int(told["customers"]), int(told["orders"]), int(told.get("slices", 1)))
            case "found":
                count, size = int(told["systems"]), int(told["size"])
                self.systems = {"abcdefgh"[place]: System(place, size) for place in range(count)}
            case "empty":
                self.empty()
            case "zero":
                self.zero()
            case "weather":
                self.weather = Weather(**told)
            case "change":
                return {"changed": self.sources[told["stream"]].change(told["share"])}
            case "edit":
                return {"edited": sum(system.edit(told["share"]) for system in self.systems.values())}
            case "compare":
                return self._compare(told["stream"])
            case "arrivals":
                return self._arrivals(told["stream"])
            case "report":
                return self._report()
            case _:
                raise KeyError(command)
        return {}

    def _stock(self, customers: int, orders: int, slices: int) -> Any:
        self.sources = sources(customers, orders)
        self.slice = customers // slices
        self.empty()
        return {"slice": self.slice}

    def _compare(self, stream: str) -> Any:
        """What should be held against what is: lost, wrong and needless records, and duplicate rows."""
        job, source, sink = JOBS[stream], self.sources[SOURCES[stream]], self.sinks[stream]
        wanted = 0
        lost = wrong = 0
        for number in range(len(source.rendered)):
            row = source.row(number)
            due, held = job(row), sink.held.get(row["id"])
            wanted += due is not None
            lost += due is not None and held is None
            wrong += held is not None and (due is None or _told(held) != due)
        return {"wanted": wanted, "lost": lost, "wrong": wrong, "duplicates": sink.duplicates}

    def _arrivals(self, stream: str) -> list[float]:
        """When the last record of each slice was at the sink; of what never came, nothing."""
        source, arrived = self.sources[SOURCES[stream]], self.sinks[stream].arrived
        keys = [source.row(number)["id"] for number in range(len(source.rendered))]
        slices = [keys[first : first + self.slice] for first in range(0, len(keys), self.slice)]
        return [max(arrived[key] for key in each) for each in slices if arrived.keys() >= set(each)]

    def _report(self) -> Any:
        shown = [system.people() for system in self.systems.values()]
        return {
            **self.counts,
            "finished": self.finished,
            "weather": asdict(self.weather),
            "sinks": {name: dict(sink.counts) for name, sink in self.sinks.items()},
            "people": [len(each) for each in shown],
            "agree": all(each == shown[0] for each in shown),
        }


def _told(held: Mapping[str, Any]) -> dict[str, Any]:
    """A held record without fields that say nothing."""
    return {name: value for name, value in held.items() if value is not None}
