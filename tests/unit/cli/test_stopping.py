from __future__ import annotations

import os
import signal

import pytest

from accord.cli import stopping


def test_the_first_signal_interrupts_once(capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []
    with stopping.stopping(lambda: calls.append("stop")) as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
    assert calls == ["stop"]
    assert "once more aborts" in capsys.readouterr().err


def test_the_second_signal_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    with stopping.stopping(lambda: None):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    assert codes == [130]


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stopping.stopping(lambda: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
