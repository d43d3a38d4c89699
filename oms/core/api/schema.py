"""The OpenAPI description, made from what the doors themselves say."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from oms.core.api.idempotency import HEADER, LONGEST, REPLAYED
from oms.core.api.shapes import EnvelopeShape
from oms.core.tokens import SCOPES, Access

READING = {
    400: "A filter, a cursor or a value is not as it should be.",
    401: "No token or session, or one that is not valid.",
    403: "The token's scopes or the person's role do not allow it.",
    404: "There is no such thing.",
    406: "It is not offered in that form.",
    429: "Too many calls; `Retry-After` says when to go on.",
    500: "A fault of ours; `request_id` leads us to it.",
    503: "Somebody else is changing the same thing, and nothing was changed; try again.",
}
WRITING = {
    **READING,
    409: "Refused, with every reason; or the first call with this key is still under way (`Retry-After`). "
    "Nothing was changed.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "This key was used before, with another body.",
}


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "oms.core.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        scopes = "\n".join(f"- `{scope}`: {words}" for scope, words in SCOPES.items())
        return {
            "type": "http",
            "scheme": "bearer",
            "description": f"A token (`oms_…`) with scopes:\n\n{scopes}\n\n`orders:*` is all of orders, `*` all.",
        }


class Schema(AutoSchema):
    """Reads ``ask``, ``answer``, ``row``, ``status``, ``reads`` and ``writes`` of a door."""

    def get_operation_id(self) -> str:
        own = _own_method(self.view, self.method)
        name = getattr(own, "operation_id", "") if own else ""
        return name or re.sub(r"(?<!^)(?=[A-Z])", "_", type(self.view).__name__).lower()

    def get_summary(self) -> str:
        return self._words()[0]

    def get_description(self) -> str:  # type: ignore[override]
        access: Access | None = self.view.access(self.method) if hasattr(self.view, "access") else None
        return "\n\n".join(part for part in (self._words()[1], _needs(access)) if part)

    def _words(self) -> tuple[str, str]:
        own = _own_method(self.view, self.method)
        text = cleandoc((own.__doc__ if own else "") or type(self.view).__doc__ or "")
        first, _, rest = text.partition("\n\n")
        return " ".join(first.split()), " ".join(rest.split())

    def get_request_serializer(self) -> Any:
        return getattr(self.view, "ask", None) if self.method in {"POST", "PATCH"} else None

    def get_response_serializers(self) -> Any:
        view: Any = self.view
        if self.method == "GET" and getattr(view, "row", None):
            main = {200: view.row(many=True)}
        else:
            main = {view.status if self.method == "POST" else 200: view.answer}
        return {**main, **(view.replies if self.method == "POST" or not getattr(view, "row", None) else {})}

    def get_override_parameters(self) -> list[Any]:
        found = list(super().get_override_parameters())
        if self.method == "POST" and hasattr(self.view, "reads"):
            key_words = "Any word of yours that is new for a new deed. The same key with the same body gives the first answer again."
            found.append(
                OpenApiParameter(
                    HEADER, {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": r"^[!-~]+$"},
                    OpenApiParameter.HEADER, required=True, description=key_words,
                )
            )  # fmt: skip
            found.append(
                OpenApiParameter(
                    REPLAYED, OpenApiTypes.STR, OpenApiParameter.HEADER, response=[200, 201],
                    description="`true` where this is the first answer again.",
                )
            )  # fmt: skip
        return found

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        usual = READING if self.method == "GET" else WRITING
        for status in (*usual, *getattr(self.view, "also", ())):
            if str(status) not in bodies and self._can_be(status):
                bodies[str(status)] = self._error(status)
        return dict(sorted(bodies.items()))

    def _error(self, status: int) -> Any:
        """The shared answer of this status: described once, named everywhere."""
        body = self.resolve_serializer(EnvelopeShape, "response").ref
        answer = ResolvedComponent(
            name=f"Error{status}",
            type=ResolvedComponent.RESPONSE,
            object=f"Error{status}",
            schema={"description": WRITING[status], "content": {"application/json": {"schema": body}}},
        )
        self.registry.register_on_missing(answer)
        return answer.ref

    def _can_be(self, status: int) -> bool:
        if not hasattr(self.view, "reads"):  # a webhook: its proof is a signature, its body is anything
            return status not in {403, 409, 415, 422}
        return status != 422 or self.method == "POST"


def _own_method(view: Any, method: str) -> Any:
    """The method where the door itself defines it, to say more than the class does."""
    return vars(type(view)).get(method.lower())


def _needs(access: Access | None) -> str:
    if access is None or not access.permissions[0]:
        return ""
    named = "permission " + " or ".join(f"`{name}`" for name in access.permissions)
    if access.scope not in SCOPES:
        return f"For people only, with the {named}."
    return f"Needs the scope `{access.scope}`, or a person's {named}."
