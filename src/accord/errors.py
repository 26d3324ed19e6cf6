"""Every error Accord raises, drawn as one tree. The class says what happens next.

::

    AccordError                      .hint for the operator, .facts safe to log
    ├─ SetupError                    stop before any I/O, exit code 2
    │  ├─ ConfigError                a key of accord.toml is wrong; names key and line
    │  ├─ SecretMissingError         a secret reference has no value
    │  ├─ UnknownConnectorError      no installed plugin offers this connector
    │  └─ PluginError                a plugin is broken; names distribution, version and hook
    ├─ VendorError                   something at the vendor's side
    │  ├─ RetryableError             back off and try again (.retry_after in seconds)
    │  │  ├─ RateLimitedError        the vendor did not take the request: it asked us to wait
    │  │  └─ OutcomeUnknownError     the request may have been applied; never repeat it blindly
    │  ├─ AccessError                stop the stream and ask a person, exit code 5
    │  ├─ RecordRejectedError        this record is refused for good: dead letter, go on
    │  └─ AnswerShapeError           the answer is not what the vendor documents: stop the stream
    ├─ MappingError                  one record cannot be mapped: dead letter, go on
    └─ StateError                    the store cannot be trusted or reached: stop, nothing advanced
       ├─ FenceLostError             another run took over this stream
       ├─ StoreBusyError             another process holds the store's write lock
       └─ StoreVersionError          the store was written by a newer Accord

No message carries a secret, a response body or personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]


class AccordError(Exception):
    """The root. ``str()`` is safe to log; ``hint`` tells the operator what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", facts: Facts | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.facts: dict[str, Any] = dict(facts or {})


class SetupError(AccordError):
    """Something is wrong before any I/O took place."""

    exit_code = 2


class ConfigError(SetupError):
    """A key of the configuration is wrong. ``facts``: key, line, file."""


class SecretMissingError(SetupError):
    """A secret reference such as ``env:NAME`` resolves to nothing."""


class UnknownConnectorError(SetupError):
    """The configuration names a connector that no installed plugin offers."""


class PluginError(SetupError):
    """A plugin failed. ``facts``: distribution, version, hook."""


class VendorError(AccordError):
    """Something went wrong at the vendor's side.

    ``facts`` carries connection, operation, status and request_id where they are known.
    """


class RetryableError(VendorError):
    """The vendor could not serve the request now. ``retry_after`` is in seconds."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        hint: str = "",
        facts: Facts | None = None,
    ) -> None:
        super().__init__(message, hint=hint, facts=facts)
        self.retry_after = retry_after


class RateLimitedError(RetryableError):
    """The vendor refused the request unprocessed because of a limit (429)."""


class OutcomeUnknownError(RetryableError):
    """A write was sent and no trustworthy answer came back: it may have been applied."""


class AccessError(VendorError):
    """Credentials or scopes are refused, or what the configuration names is not there: a person must act."""

    exit_code = 5


class RecordRejectedError(VendorError):
    """The vendor refuses this record as it is."""


class AnswerShapeError(VendorError):
    """The vendor's answer does not have the documented shape."""


class MappingError(AccordError):
    """A record cannot be mapped. ``facts``: connector, stream, field, path."""


class StateError(AccordError):
    """The store cannot be trusted or reached; nothing was advanced."""


class FenceLostError(StateError):
    """Another run holds a newer fence for this scope; this run must write nothing more."""


class StoreBusyError(StateError):
    """Another process holds the store's write lock for longer than the busy timeout."""


class StoreVersionError(StateError):
    """The store's schema is newer than this Accord understands."""
