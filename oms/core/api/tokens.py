"""Tokens are made and ended by people, never by tokens."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from oms.core.api.doors import Door, Listing, Verb
from oms.core.api.shapes import Row, Shape
from oms.core.models import ApiToken
from oms.core.tokens import Access, issue_token, known_scope, revoke_tokens

NOT_FOR_TOKENS = "people:only"
"""A scope that no token can have, not even by ``*``: see ``_People``."""


class TokenRow(Row):
    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"]
        read_only_fields = fields


class NewTokenRow(TokenRow):
    key = serializers.CharField(
        read_only=True, allow_null=True, help_text="Shown this once; null where the answer is told again."
    )

    class Meta(TokenRow.Meta):
        fields = [*TokenRow.Meta.fields, "key"]
        read_only_fields = fields


class NewToken(Shape):
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.CharField(max_length=40), min_length=1, max_length=30)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        unknown = [s for s in scopes if not known_scope(s)]
        if unknown:
            raise serializers.ValidationError(f"There is no scope {', '.join(unknown)}.", "unknown_scope")
        return scopes


class _People(Access):
    """A person's right that no token has, whatever its scopes."""

    def granted(self, request: Request) -> bool:
        return not isinstance(request.auth, ApiToken) and super().granted(request)


class Tokens(Listing, Verb):
    reads, row = _People(NOT_FOR_TOKENS, "core.view_apitoken"), TokenRow
    writes = _People(NOT_FOR_TOKENS, "core.add_apitoken")
    ask, answer, status, unkept = NewToken, NewTokenRow, 201, ("key",)
    queryset = ApiToken.objects.all()

    def get(self, request: Request, **ids: Any) -> Response:
        """List tokens, newest first."""
        return super().get(request, **ids)

    get.operation_id = "list_tokens"  # type: ignore[attr-defined]

    def post(self, request: Request, **ids: Any) -> Response:
        """Make a token.

        Its key is in this answer and nowhere else: only a hash is kept.
        """
        return super().post(request, **ids)

    post.operation_id = "create_token"  # type: ignore[attr-defined]

    def do(self, ask: dict[str, Any], **ids: Any) -> ApiToken:
        token, key = issue_token(ask["name"], ask["scopes"], expires_at=ask["expires_at"], by=self.actor)
        token.key = key  # type: ignore[attr-defined]
        return token


class RevokeToken(Verb):
    """End a token at once."""

    writes, answer = _People(NOT_FOR_TOKENS, "core.change_apitoken"), TokenRow

    def do(self, ask: dict[str, Any], **ids: Any) -> ApiToken:
        token = self.one(ApiToken.objects.all(), ids["pk"])
        return revoke_tokens([token.pk], by=self.actor)[0]


class MyToken(Door):
    """The token that asks: its name, scopes and end."""

    answer = TokenRow

    def access(self, method: str | None) -> Access | None:
        return _Itself("", "")

    def get(self, request: Request) -> Response:
        return Response(self.shape(request.auth))


class _Itself(Access):
    def granted(self, request: Request) -> bool:
        return isinstance(request.auth, ApiToken)
