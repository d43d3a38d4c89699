"""What the API says when it refuses: a status, a code for machines, words, and the fields at fault."""

from __future__ import annotations

from typing import Any

from oms.twinkit.wire import Response


class Problem(Exception):
    """``errors`` are ``(field, message)`` pairs."""

    def __init__(self, status: int, code: str, message: str, *errors: tuple[str, str]) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def response(self) -> Response:
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        body["errors"] = [{"field": field, "message": words} for field, words in self.errors]
        return Response(self.status, {"error": body})


def missing(field: str) -> Problem:
    return Problem(422, "PARAMETER.REQUIRED", "Missing required parameter.", (field, "cannot be blank"))


def not_found() -> Problem:
    return Problem(404, "NOT_FOUND", "The requested resource could not be found.")


def unauthorized() -> Problem:
    return Problem(401, "UNAUTHORIZED", "The API key is missing or is not one of this account.")
