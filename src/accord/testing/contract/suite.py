"""The whole suite, and how it finds out what of it concerns a connector."""

from __future__ import annotations

from typing import Any

import pytest

from accord.testing.contract.conformance import Conformance
from accord.testing.contract.consenting import Consenting
from accord.testing.contract.declarations import Declarations
from accord.testing.contract.needs import needs_of
from accord.testing.contract.reading import Reading
from accord.testing.contract.trouble import Trouble
from accord.testing.contract.writing import Writing


class ConnectorContract(Declarations, Reading, Writing, Consenting, Trouble, Conformance):
    """Everything that Accord promises of a connector, tested against its sandbox.

    A connector's ``tests/test_contract.py`` derives one class::

        class TestAcme(ConnectorContract):
            connector = Acme
            sandbox = AcmeSandbox
            consent_fields = ("newsletter",)

    A test runs once for each stream that can do what it is about; a test that no stream can do is not
    there. See :class:`~accord.testing.contract.setting.Setting` for what else can be said.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "connector"):
            return
        for name in dir(cls):
            facts = needs_of(getattr(cls, name)) if name.startswith("test_") else None
            if facts is not None and not cls.concerned(facts):
                setattr(cls, name, None)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each stream, and for each seed."""
        facts = needs_of(metafunc.function)
        if facts is not None and "clerk" in metafunc.fixturenames:
            metafunc.parametrize("clerk", self.concerned(facts), indirect=True)
        elif facts is not None:
            self._schedules(metafunc, self.concerned(facts))

    def _schedules(self, metafunc: pytest.Metafunc, names: list[str]) -> None:
        """Seeds, dealt out to the streams."""
        dealt: list[Any] = [
            pytest.param(names[seed % len(names)], seed, id=f"{names[seed % len(names)]}-{seed}")
            for seed in range(self.crash_and_fault_schedules)
        ]
        metafunc.parametrize(("name", "seed"), dealt)
