from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress as Drawing

from accord.cli.bars import Bars, bars
from accord.cli.session import Session
from accord.engine.progress import Progress


def test_each_stream_has_one_bar() -> None:
    drawing = Drawing(console=Console(file=io.StringIO()))
    draw = Bars(drawing)
    for done in (100, 200):
        draw(Progress("customers", "pull", "shop", "customers", done, 400))
    draw(Progress("customers", "push", "crm", "contacts", 5))
    assert [(task.description, task.completed, task.total) for task in drawing.tasks] == [
        ("customers: reading shop/customers", 200, 400),
        ("customers: writing crm/contacts", 5, None),
    ]


def test_nothing_is_drawn_when_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with bars(Session()) as listener:
        assert listener is None
    assert capsys.readouterr().err == ""
