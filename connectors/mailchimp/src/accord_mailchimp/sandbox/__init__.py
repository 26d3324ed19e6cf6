"""A stand-in for Mailchimp's Marketing API: one account with one audience.

Shapes follow the vendor's API description (MIT copy of December 2020) and its client mailchimp-marketing
3.0.80; what is refused, and in which words, follows answers quoted in public issue trackers (QUIRKS.md).
"""

from __future__ import annotations

from accord.sandbox import SandboxOptions
from accord_mailchimp.sandbox.account import MailchimpSandbox
from accord_mailchimp.sandbox.shapes import LIST_ID

__all__ = ["LIST_ID", "MailchimpSandbox", "create"]


def create(options: SandboxOptions) -> MailchimpSandbox:
    """The factory behind ``accord sandbox mailchimp``."""
    return MailchimpSandbox(options)
