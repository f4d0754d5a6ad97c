"""Refusals of Evotor's cloud (docs/contracts/evotor.md §8.1)."""

import json

from flask import Response

MESSAGES = {
    400: ("validation_failed", "payload did not pass checks"),
    401: ("unauthorized", "token is unknown"),
    402: ("payment_required", "application is not paid on all devices of the store"),
    403: ("forbidden", "application has no such right"),
    404: ("not_found", "no such resource"),
    405: ("method_not_allowed", "the sandbox is read-only"),
    406: ("not_acceptable", "Accept is not servable"),
    429: ("too_many_requests", "quota is used up"),
}


class Refusal(Exception):
    def __init__(
        self,
        status: int,
        *,
        subject: str | None = None,
        reason: str | None = None,
        headers: dict[str, str] | None = None,
        body: str | None = None,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.violations = [{"subject": subject, "reason": reason}] if subject else []
        self.headers = headers or {}
        self.body = body

    def response(self, *, empty: bool) -> Response:
        """401 to 404 may come with an empty body; a fault says which with `body`."""
        bare = self.body == "empty" or (self.body is None and empty)
        code, message = MESSAGES.get(self.status, ("internal_error", "try later"))
        answer: dict[str, object] = {"code": code, "message": message}
        if self.violations:
            answer["violations"] = self.violations
        text = "" if bare else json.dumps(answer)
        return Response(text, status=self.status, mimetype="application/json", headers=self.headers)
