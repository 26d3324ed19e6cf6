"""Figures as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from bench.entrants import ACCORD
from bench.figures import Figure, Summary
from bench.targets import verdict

HEAD = (
    "workload",
    "size",
    "program",
    "time s",
    "x floor",
    "CPU s",
    "x floor",
    "MB",
    "sent",
    "lost",
    "wrong",
    "dupl",
)
HEAD_END = ("reruns", "in flight", "notes")
QUIET = {"requests", "rewritten"}
"""Facts that stand in the JSON only, unless they are what was asked."""


def line(figure: Figure) -> str:
    """One run, as it is told while others follow."""
    rate = f"{figure.read / figure.seconds:8.0f} records/s" if figure.read and figure.seconds else " " * 18
    failed = f"  FAILED: {figure.failed.splitlines()[-1]}" if figure.failed else ""
    return (
        f"{figure.workload:<11} round {figure.round + 1}  {figure.program:<14}{figure.seconds:8.2f} s {rate}"
        f"  CPU {figure.cpu:7.2f} s  {figure.peak:5.0f} MB{failed}"
    )


def table(summaries: Sequence[Summary]) -> str:
    """The medians side by side, as Markdown."""
    rows = [HEAD + HEAD_END, *(_row(summary) for summary in summaries)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _row(summary: Summary) -> tuple[str, ...]:
    return (
        summary.workload,
        str(summary.size),
        summary.program,
        f"{summary.seconds:.2f}",
        _times(summary.time_ratio),
        f"{summary.cpu:.2f}",
        _times(summary.cpu_ratio),
        f"{summary.peak:.0f}",
        str(summary.written),
        str(summary.lost),
        str(summary.wrong),
        str(summary.duplicates),
        str(summary.reruns),
        str(summary.in_flight),
        _notes(summary),
    )


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _notes(summary: Summary) -> str:
    facts = [
        f"{name.replace('_', ' ')} {value:.4g}" for name, value in summary.facts.items() if name not in QUIET
    ]
    return "; ".join(["FAILED"] * bool(summary.failed) + facts)


def verdicts(summaries: Sequence[Summary]) -> str:
    """What Accord reached of its targets (bench/targets.py), a line per workload."""
    judged = [
        (f"{summary.workload} ({summary.size})", verdict(summary))
        for summary in summaries
        if summary.program == ACCORD.name
    ]
    lines = [f"{name:<24}{text}" for name, text in judged if text]
    return "\n".join(["Accord against its targets:", *lines]) if lines else ""
