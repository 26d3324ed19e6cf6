"""What every request to the stand-in's one audience has in common: problems, pages, instants."""

from __future__ import annotations

from datetime import datetime

from accord.sandbox import Refused, Request, Response, Sandbox
from accord_mailchimp.sandbox.shapes import LIST_ID, problem

PAGE_LIMIT = 1000


class Audience(Sandbox):
    """The audience behind the paths ``/3.0/lists/{list_id}``."""

    def error(self, status: int, code: str, message: str) -> Response:
        """Mailchimp's error model."""
        return problem(status, code, message)

    def invalid(self, field: str, message: str) -> Refused:
        """The refusal that names a field."""
        detail = "The resource submitted could not be validated. See the 'errors' array."
        return Refused(problem(400, "invalid_resource", detail, [{"field": field, "message": message}]))

    def require_list(self, request: Request) -> None:
        """404 for an audience that the account does not have."""
        if request.params["list_id"] != LIST_ID:
            raise self.refuse(404, "not_found", "The requested resource could not be found.")

    def window(self, request: Request) -> tuple[int, int]:
        """Count and offset of a list; out of range is refused."""
        try:
            count, offset = int(request.argument("count", "10")), int(request.argument("offset", "0"))
        except ValueError:
            raise self.invalid("count", "Schema describes number, string found instead") from None
        if not 0 <= count <= PAGE_LIMIT or offset < 0:
            raise self.invalid("count", "Count must be between 0 and 1000.")
        return count, offset

    def instant(self, request: Request, name: str) -> datetime | None:
        """An instant of the query."""
        try:
            return request.instant(name)
        except ValueError:
            raise self.invalid(name, "This is not a valid date-time.") from None
