"""The lines of a mapping as data: what corresponds to what, in which direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

from accord.mapping.converter import Converter, Identity
from accord.mapping.paths import ROOT, Names, Steps, has_list, parse, parse_canonical

Invalid = Literal["error", "unset"]
Direction = Literal["both", "read", "write"]
IDENTITY = Identity()


@dataclass(frozen=True)
class Declaration:
    """One line of a mapping."""

    @property
    def canonical(self) -> tuple[Names, ...]:
        """The canonical paths it is about."""
        return ()

    @property
    def reads(self) -> bool:
        """Whether it takes part in reading."""
        return False

    @property
    def writes(self) -> bool:
        """Whether it takes part in writing."""
        return False

    @property
    def needed(self) -> tuple[str, ...]:
        """The vendor paths that reading looks at."""
        return ()

    @property
    def written(self) -> tuple[str, ...]:
        """The vendor paths that writing puts values at."""
        return ()

    @property
    def loss(self) -> str:
        """What is lost, in words; empty when nothing is."""
        return ""

    @property
    def rooted(self) -> bool:
        """Whether it looks at the whole row from inside ``each``."""
        return any(path.startswith(ROOT) for path in self.needed)

    @property
    def where(self) -> str:
        """The declaration as an error names it."""
        return " + ".join(".".join(names) for names in self.canonical)


@dataclass(frozen=True)
class Field(Declaration):
    """Canonical values and vendor values that correspond, through one converter."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    converter: Converter = IDENTITY
    direction: Direction = "both"
    invalid: Invalid = "error"

    @cached_property
    def canonical(self) -> tuple[Names, ...]:  # noqa: D102  see the base
        return tuple(parse_canonical(path) for path in self.ours)

    @cached_property
    def vendor(self) -> tuple[Steps, ...]:
        """The steps of the vendor paths."""
        return tuple(parse(path) for path in self.theirs)

    @property
    def reads(self) -> bool:  # noqa: D102  see the base
        return self.direction != "write"

    @property
    def writes(self) -> bool:  # noqa: D102  see the base
        return self.direction != "read"

    @property
    def needed(self) -> tuple[str, ...]:  # noqa: D102  see the base
        return (*self.theirs, *self.converter.context) if self.reads else ()

    @property
    def written(self) -> tuple[str, ...]:  # noqa: D102  see the base
        return self.theirs if self.writes else ()

    @property
    def loss(self) -> str:  # noqa: D102  see the base
        return f"{type(self.converter).__name__} keeps less" if self.converter.lossy else ""

    @property
    def single(self) -> bool:
        """One value on each side, and no list on the vendor's: the case that can be grouped."""
        plain = len(self.ours) == 1 and len(self.theirs) == 1 and not has_list(self.vendor[0])
        return plain and self.theirs[0] != ""


@dataclass(frozen=True)
class Computed(Declaration):
    """A canonical value that a function makes from the row, or a vendor value from the document."""

    path: str
    function: Callable[[dict[str, Any]], Any]
    needs: tuple[str, ...]
    direction: Literal["read", "write"]

    @property
    def canonical(self) -> tuple[Names, ...]:  # noqa: D102  see the base
        paths = (self.path,) if self.direction == "read" else self.needs
        return tuple(parse_canonical(path) for path in paths)

    @property
    def reads(self) -> bool:  # noqa: D102  see the base
        return self.direction == "read"

    @property
    def writes(self) -> bool:  # noqa: D102  see the base
        return self.direction == "write"

    @property
    def needed(self) -> tuple[str, ...]:  # noqa: D102  see the base
        return self.needs if self.reads else ()

    @property
    def written(self) -> tuple[str, ...]:  # noqa: D102  see the base
        return (self.path,) if self.writes else ()


@dataclass(frozen=True)
class Each(Declaration):
    """A keyed canonical collection and a list of the vendor's records."""

    field: str
    path: str
    key: str | None
    fields: tuple[Declaration, ...]
    value: str | None = None
    value_as: Converter = IDENTITY
    key_as: Converter = IDENTITY
    position: str | None = None
    direction: Direction = "both"

    @property
    def canonical(self) -> tuple[Names, ...]:  # noqa: D102  see the base
        return (parse_canonical(self.field),)

    @property
    def reads(self) -> bool:  # noqa: D102  see the base
        return self.direction != "write"

    @property
    def writes(self) -> bool:  # noqa: D102  see the base
        return self.direction != "read"

    @property
    def needed(self) -> tuple[str, ...]:  # noqa: D102  see the base
        inner = [path for field in self.fields for path in field.needed if path.startswith(ROOT)]
        return (self.path, *(path.removeprefix(ROOT) for path in inner)) if self.reads else ()

    @property
    def written(self) -> tuple[str, ...]:  # noqa: D102  see the base
        return (self.path,) if self.writes else ()

    @property
    def rooted(self) -> bool:  # noqa: D102  see the base
        return any(field.rooted for field in self.fields)

    @property
    def loss(self) -> str:  # noqa: D102  see the base
        lost = [f"{field.where}: {field.loss}" for field in self.fields if field.loss]
        return "; ".join(lost)


@dataclass(frozen=True)
class PassThrough(Declaration):
    """All fields of a vendor object that nothing else maps, as members of a canonical collection."""

    field: str
    path: str
    complete: bool = False

    @property
    def canonical(self) -> tuple[Names, ...]:  # noqa: D102  see the base
        return (parse_canonical(self.field),)

    @property
    def reads(self) -> bool:  # noqa: D102  see the base
        return True

    @property
    def writes(self) -> bool:  # noqa: D102  see the base
        return True

    @property
    def needed(self) -> tuple[str, ...]:  # noqa: D102  see the base
        return (self.path,) if self.path else ()

    @property
    def loss(self) -> str:  # noqa: D102  see the base
        return "nested values of custom fields are not read"


@dataclass(frozen=True)
class Constant(Declaration):
    """A vendor value that stands in every row written."""

    path: str
    value: Any

    @property
    def written(self) -> tuple[str, ...]:  # noqa: D102  see the base
        return (self.path,)

    @property
    def where(self) -> str:  # noqa: D102  see the base
        return self.path


@dataclass(frozen=True)
class Ignored(Declaration):
    """A model field that the vendor has no room for, and why; it stands in the loss report."""

    field: str
    why: str

    @property
    def loss(self) -> str:  # noqa: D102  see the base
        return self.why

    @property
    def where(self) -> str:  # noqa: D102  see the base
        return self.field


def signature(value: Any) -> str:
    """A text that is the same exactly when a declaration means the same, in every process."""
    if is_dataclass(value) and not isinstance(value, type):
        inner = ",".join(signature(getattr(value, field.name)) for field in fields(value))
        return f"{type(value).__qualname__}({inner})"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{signature(k)}:{signature(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "(" + ",".join(map(signature, value)) + ")"
    code = getattr(value, "__code__", None)
    if code is not None:
        return f"{value.__module__}.{value.__qualname__}:{_code(code)}"
    if callable(value):
        return f"{type(value).__module__}.{getattr(value, '__qualname__', type(value).__qualname__)}"
    return repr(value)


def _code(code: Any) -> str:
    inner = [_code(item) if hasattr(item, "co_code") else repr(item) for item in code.co_consts]
    return sha256(code.co_code + repr((code.co_names, inner)).encode()).hexdigest()[:16]
