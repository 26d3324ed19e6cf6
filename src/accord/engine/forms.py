"""Whether a value is just another system's way of writing the same thing.

Vendors trim, truncate, change case and reformat telephone numbers. A value read back right after a write
that is such a form of what was sent is the write's own result; anything else may be a person's edit.
"""

from __future__ import annotations

from typing import Any


def is_form_of(sent: Any, shown: Any) -> bool:
    """Whether ``shown`` is ``sent`` as a vendor may have normalised it."""
    if sent == shown:
        return True
    if isinstance(sent, dict) and isinstance(shown, dict):
        return all(is_form_of(sent.get(key), value) for key, value in shown.items())
    if isinstance(sent, str) and isinstance(shown, str):
        return _is_text_form(sent, shown)
    return False


def _is_text_form(sent: str, shown: str) -> bool:
    """The beginning of the same letters and digits in the same order, or a number without its country."""
    if shown and sent.startswith(shown):
        return True
    mine, theirs = _essence(sent), _essence(shown)
    if theirs and mine.startswith(theirs):
        return True
    national = theirs.lstrip("0") if theirs.isdigit() else ""
    return bool(national) and mine.isdigit() and mine.endswith(national)


def _essence(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
