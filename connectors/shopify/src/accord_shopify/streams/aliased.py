"""Several operations in one GraphQL document, told apart by aliases.

The Admin API has no batch mutation for most nouns, but a document may call a mutation many times under
different aliases; the answers come back under the same aliases, so an outcome finds its write by name and
never by position. The vendor runs them one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One operation of a document.

    Attributes:
        alias: Its name in the answer.
        call: The field with its arguments, in which each ``$name`` is a variable of this part.
        selection: What to answer, with its braces.
        variables: The variables: name to (GraphQL type, value).
        directive: A directive after the arguments, if any.
    """

    alias: str
    call: str
    selection: str
    variables: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    directive: str = ""

    def _own(self, text: str) -> str:
        """The text with this part's variables under names of their own."""
        for name in sorted(self.variables, key=len, reverse=True):
            text = text.replace(f"${name}", f"${self.alias}_{name}")
        return text

    @property
    def line(self) -> str:
        """The operation as it stands in the document."""
        return f"  {self.alias}: {self._own(self.call)} {self._own(self.directive)} {self.selection}"


def compose(kind: str, name: str, parts: Iterable[Part], *fragments: str) -> tuple[str, dict[str, Any]]:
    """A document with all parts, and its variables.

    Args:
        kind: ``query`` or ``mutation``.
        name: The operation's name, for the vendor's logs and ours.
        parts: The operations.
        fragments: Fragment definitions that the selections use.
    """
    chosen = list(parts)
    declared: list[str] = []
    values: dict[str, Any] = {}
    for part in chosen:
        for variable, (kind_of, value) in part.variables.items():
            declared.append(f"${part.alias}_{variable}: {kind_of}")
            values[f"{part.alias}_{variable}"] = value
    lines = "\n".join(part.line for part in chosen)
    head = f"{kind} {name}({', '.join(declared)})" if declared else f"{kind} {name}"
    return "\n".join([f"{head} {{", lines, "}", *fragments]), values
