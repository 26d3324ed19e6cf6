"""What ``accord connectors show mailchimp`` says of the connector."""

from __future__ import annotations

import pytest

from accord.cli import main


def test_the_sheet_says_what_a_create_writes_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connectors", "show", "mailchimp"]) == 0
    assert "a create writes over a record with the same email" in capsys.readouterr().out
