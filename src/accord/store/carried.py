"""What a write carries of each cell, packed: most writes are told by one version and their digests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Carried(Mapping[str, tuple[int, bytes | None]]):
    """What a write carries of each cell: the hub version, and the digest of its form at the vendor.

    Nearly always all cells carry one version: a create is told by that and its digests.

    Attributes:
        digests: Of each cell; b"" = empty, None = not known yet. Shared with others: never changed.
        base: The version of every cell that ``odd`` does not name.
        odd: Other versions.
    """

    __slots__ = ("base", "digests", "odd")

    def __init__(
        self, digests: Mapping[str, bytes | None], base: int, odd: Mapping[str, int] | None = None
    ) -> None:
        self.digests, self.base, self.odd = digests, base, odd or {}

    @classmethod
    def of(cls, cells: Mapping[str, tuple[int, bytes | None]]) -> Carried:
        """The same, whatever way it is told."""
        if isinstance(cells, Carried):
            return cells
        base = max((version for version, _ in cells.values()), default=0)
        odd = {cell: version for cell, (version, _) in cells.items() if version != base}
        return cls({cell: digest for cell, (_, digest) in cells.items()}, base, odd)

    @property
    def newest(self) -> int:
        """The highest version among them, 0 of nothing."""
        if not self.odd:
            return self.base if self.digests else 0
        return max(self.odd.get(cell, self.base) for cell in self.digests)

    def __getitem__(self, cell: str) -> tuple[int, bytes | None]:
        return self.odd.get(cell, self.base), self.digests[cell]

    def __iter__(self) -> Iterator[str]:
        return iter(self.digests)

    def __len__(self) -> int:
        return len(self.digests)

    def __repr__(self) -> str:
        return f"Carried({dict(self.items())})"
