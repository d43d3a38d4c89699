"""The door for whoever calls us by themselves: proof is the signature, not a token."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from oms.core.api.doors import Traced
from oms.core.api.idempotency import door_of
from oms.core.collisions import again
from oms.core.errors import Permanent, Refused
from oms.core.tokens import Access

log = logging.getLogger("oms.api")


class BadSignature(APIException):
    status_code = 401
    default_detail = "The signature is not right."


class AnyBody(BaseParser):
    """The body is read raw, since its signature is over its very bytes."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read()


class WebhookAnswer(serializers.Serializer):
    status = serializers.ChoiceField(["stored", "ignored"], help_text="ignored: a ping, or nothing to us.")


class Webhook(Traced):
    """``receive`` verifies and stores; it raises ``Refused`` for what is not the sender's word."""

    authentication_classes = []
    permission_classes = [AllowAny]
    parser_classes = [AnyBody]
    throttle_scope = "webhooks"
    answer, ask, status = WebhookAnswer, OpenApiTypes.BINARY, 200
    replies: ClassVar[dict[int, Any]] = {}

    def access(self, method: str | None) -> Access | None:
        return None

    def post(self, request: Request, slug: str) -> Response:
        body = request._request.body
        try:
            told = again(door_of(request), lambda: self.receive(slug, dict(request.headers), body))
        except Refused as error:
            if any(reason.code == "bad_signature" for reason in error.reasons):
                raise BadSignature from error
            raise Http404 from error
        except Permanent as error:  # an adapter that is not there, or that has no credentials
            log.warning("webhook for %s: %s", slug, error)
            raise Http404 from error
        return Response({"status": told})

    def receive(self, slug: str, headers: dict[str, str], body: bytes) -> str:
        raise NotImplementedError
