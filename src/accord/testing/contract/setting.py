"""What the author of a connector says about it, and the fixtures made of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from accord.connector import Connector, Context
from accord.http import MemoryBudget, MemoryTokens
from accord.sandbox import Sandbox, SandboxOptions
from accord.testing import samples
from accord.testing.clerk import Clerk
from accord.testing.contract.needs import facts_of
from accord.testing.recording import Recorder
from accord.testing.stand import CANARY, CONNECTION, Stand, opened, secret_names
from accord.testing.virtual import LONG_AGO, NOON, VirtualEnv

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from accord.connector import Stream
    from accord.model.record import Document


class Setting:
    """The facts of one connector; the parts of the suite derive from it.

    Attributes:
        connector: The tested class.
        sandbox: The class of its sandbox; None where the tests use the real thing (files, databases).
        settings: Settings of a connection. Required secrets may be left out.
        wrong: Settings that must be refused as wrong credentials; by default the secrets are replaced.
        consent_fields: Names in the vendor's requests that change a subscription. An ordinary write may
            hold none of them. A connector whose sandbox takes personal data must name them.
        purpose: The purpose that the consent operations are tested with.
        documents: By stream: fields that the samples of :mod:`accord.testing.samples` need besides.
        refused: By stream: fields that make a record unacceptable to the vendor; by default an impossible
            e-mail address.
        overlapping: Pages overlap on purpose, so that a record may come twice in one read.
        size: How many customers a sandbox begins with where a test wants any.
    """

    connector: ClassVar[type[Connector[Any]]]
    sandbox: ClassVar[type[Sandbox] | None] = None
    settings: ClassVar[Mapping[str, Any]] = {}
    wrong: ClassVar[Mapping[str, Any]] = {}
    consent_fields: ClassVar[Sequence[str]] = ()
    purpose: ClassVar[str] = "marketing.direct"
    documents: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    refused: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    overlapping: ClassVar[bool] = False
    size: ClassVar[int] = 12

    # What an author may say in code.

    def prepare(self, folder: Path) -> None:
        """Make what the settings speak of (a folder, a database). By default nothing."""

    def shrink(self, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the stream's pages small (4 rows or so), so that a dozen records need several."""
        if hasattr(stream, "page_size"):
            monkeypatch.setattr(stream, "page_size", 4)

    def sample(self, stream: Stream, number: int) -> Document:
        """A record that the stream can create; the number makes it differ from all others."""
        return samples.sample(stream, number, self.documents.get(stream.name))

    def edit(self, clerk: Clerk, number: int = 7) -> Document:
        """A change of one field of a record; {} when the stream writes none that the kit knows."""
        return samples.edit(clerk.stream, number)

    def lawful(self, stream: Stream) -> SearchStrategy[Document]:
        """Invented documents for the laws of the mapping; override it where some field needs another."""
        from accord.mapping.strategies import documents

        return documents(stream.model)

    def merge(self, stand: Stand, stream: Stream, winner: str, loser: str) -> None:
        """Let a person merge two records in the vendor's own user interface."""
        assert stand.sandbox is not None
        stand.sandbox.person_merges(stream.name, winner.rpartition("/")[2], loser.rpartition("/")[2])

    # What the suite makes of it.

    def build(self, folder: Path, env: VirtualEnv | None = None, **options: Any) -> Stand:
        """A vendor in its own world; ``options`` are those of its sandbox."""
        world = env or VirtualEnv(NOON if self.sandbox is not None else LONG_AGO)
        self.prepare(folder)
        stand = Stand(self.connector, self.settings, folder, world)
        if self.sandbox is not None:
            stand.sandbox = self.sandbox(self._options(world, options))
            stand.recorder = Recorder(stand.sandbox.transport())
            world.wire = stand.recorder
        return stand

    def _options(self, env: VirtualEnv, given: Mapping[str, Any]) -> SandboxOptions:
        """Without search lag unless told otherwise."""
        token = CANARY if self.secrets() else None
        return SandboxOptions(**{"size": self.size, "l_max": 0.0, "token": token, "env": env, **given})

    @pytest.fixture
    def stand(self, tmp_path: Path) -> Iterator[Stand]:
        """A vendor with some records."""
        stand = self.build(tmp_path)
        yield stand
        stand.close()

    @pytest.fixture
    def clerk(self, stand: Stand, request: pytest.FixtureRequest) -> Clerk:
        """A clerk at the stream that the test is about."""
        return Clerk(stand, stand.stream(request.param), self.sample)

    @classmethod
    def secrets(cls) -> list[str]:
        """The secrets that a connection needs, or gives to the sandbox."""
        given = () if cls.sandbox is None else cls.sandbox.credentials
        return [*secret_names(cls.connector.settings, required=True), *given]

    @classmethod
    def declared(cls) -> list[Stream]:
        """The streams of a connection, opened for their declarations only."""
        env = VirtualEnv()
        context = Context(env, CONNECTION, MemoryBudget(env), MemoryTokens(env), Path())
        return list(opened(cls.connector, cls.settings, context).open_streams())

    @classmethod
    def concerned(cls, facts: frozenset[str]) -> list[str]:
        """The names of the streams of which all these facts are true."""
        return [stream.name for stream in cls.declared() if facts <= cls._facts(stream)]

    @classmethod
    def _facts(cls, stream: Stream) -> frozenset[str]:
        found = facts_of(stream, http=cls.sandbox is not None)
        return found | {"refused"} if cls.refusal(stream) else found

    @classmethod
    def refusal(cls, stream: Stream) -> Document:
        """What makes a record of the stream unacceptable; {} when nothing is known to."""
        return dict(cls.refused.get(stream.name, samples.REFUSED.get(stream.model, {})))
