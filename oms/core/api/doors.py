"""What every API door is made of: parse, call one action, answer.

A door names who may use it (``reads``, ``writes``), the shape of what comes in (``ask``), of what goes out
(``answer``; ``row`` in lists), and does the rest in ``do``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from oms.core.actors import Actor
from oms.core.api.errors import request_id
from oms.core.api.idempotency import REPLAYED, Answer, Call, Made, door_of, once, once_each
from oms.core.gather import Gathering
from oms.core.places import own
from oms.core.tokens import Access, actor_of, owner_of

PERSONAL = Access("orders:personal", "orders.view_personal_data")


class Traced(APIView):
    """Every answer carries the id under which our log speaks of it."""

    metadata_class = None

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["X-Request-ID"] = request_id(request)
        return response


class Door(Traced, GenericAPIView):
    """``status`` is of a POST that succeeded; ``replies`` adds documented answers by status,
    and ``also`` errors that others of its kind do not have. ``queries`` are the parameters it knows."""

    reads: ClassVar[Access | None] = None
    writes: ClassVar[Access | None] = None
    row: ClassVar[type[BaseSerializer] | None] = None
    answer: ClassVar[type[BaseSerializer] | None] = None
    ask: ClassVar[type[Serializer] | None] = None
    status: ClassVar[int] = 200
    replies: ClassVar[Mapping[int, Any]] = {}
    also: ClassVar[tuple[int, ...]] = ()
    queries: ClassVar[frozenset[str]] = frozenset()
    throttle_scope = "api"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # A misspelt filter would show everything, a misspelt ``preview`` would do the deed.
        unknown = set(request.query_params) - self.known_queries()
        if unknown:
            told = ErrorDetail("There is no such parameter.", "unknown_parameter")
            raise ValidationError({name: [told] for name in sorted(unknown)})

    def known_queries(self) -> frozenset[str]:
        return self.queries

    def access(self, method: str | None) -> Access | None:
        return self.reads if method in SAFE_METHODS else self.writes

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)

    def sees_personal(self) -> bool:
        return PERSONAL.granted(self.request)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "personal": self.sees_personal()}

    def get_serializer_class(self) -> Any:
        return self.ask or self.row or self.answer or Serializer

    def shape(self, thing: Any, shape: type[BaseSerializer] | None = None, *, many: bool = False) -> Any:
        made: Any = shape or self.answer
        return made(thing, many=many, context=self.get_serializer_context()).data

    def asked(self) -> dict[str, Any]:
        """The body, checked. Raises ``ValidationError``."""
        if self.ask is None:
            return {}
        form = self.ask(data=self.request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        return form.validated_data

    def one(self, rows: QuerySet, pk: int) -> Any:
        """The row, or 404; a person tied to places finds no others'."""
        found = own(self.request.user, rows).filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def ids_of(self, model: Any, field: str, given: Mapping[str, str]) -> dict[str, int]:
        """:func:`ids_of` among the rows of the caller's places."""
        return ids_of(model, field, given, own(self.request.user, model.objects.all()))


class Listing(Door):
    """GET: rows, newest first, filtered and paged."""

    def known_queries(self) -> frozenset[str]:
        if self.request.method not in SAFE_METHODS:
            return self.queries
        filters = getattr(self, "filterset_class", None)
        return frozenset({"cursor", "limit", *(filters.base_filters if filters else ())})

    def get(self, request: Request, **ids: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(own(request.user, self.get_queryset())))
        return self.get_paginated_response(self.shape(page, self.row, many=True))


class Detail(Door):
    """GET: one row by its id."""

    def get(self, request: Request, pk: int) -> Response:
        return Response(self.shape(self.one(self.get_queryset(), pk)))


class Verb(Door):
    """POST: one deed, done once per key. ``do`` calls the action and returns what ``answer`` shapes."""

    unkept: ClassVar[tuple[str, ...]] = ()
    found: Any = None

    def post(self, request: Request, **ids: Any) -> Response:
        self.found = self.ahead(**ids)
        return self.told(once(request, lambda: self.run(**ids), keep=self.keep))

    def told(self, answer: Answer) -> Response:
        response = Response(answer.data, status=answer.status)
        if answer.replayed:
            response[REPLAYED] = "true"
        return response

    def run(self, **ids: Any) -> tuple[int, Any]:
        return self.status, self.shape(self.do(self.asked(), **ids))

    def do(self, ask: dict[str, Any], **ids: Any) -> Any:
        raise NotImplementedError

    def ahead(self, **ids: Any) -> Any:
        """What the outside has to be asked before the deed's transaction begins; ``do`` reads it as ``found``. It
        must not refuse: a repeat gets the first answer, whatever the outside says by then."""
        return None

    def keep(self, data: Any) -> Any:
        """What of the answer is stored for repeats: not what is shown once only."""
        if not self.unkept or not isinstance(data, dict):
            return data
        return {k: None if k in self.unkept else v for k, v in data.items()}


class Together(Verb):
    """POST: a deed that one caller asks for many times at one moment. Those that come while others are being carried
    out go in one transaction with all that wait, each with its own key, answer and refusal."""

    _gatherings: ClassVar[dict[tuple[type, str], Gathering[Any, Answer]]] = {}

    def post(self, request: Request, **ids: Any) -> Response:
        self.call = Call.of(request)
        gathering = self._gatherings.setdefault((type(self), owner_of(request)), Gathering(self._all))
        return self.told(gathering.do(self))

    @classmethod
    def _all(cls, doors: Sequence[Self]) -> list[Answer | Exception]:
        calls = [door.call for door in doors]
        door = door_of(doors[0].request)
        return once_each(door, calls, lambda new: cls.run_all([doors[at] for at in new]), keep=doors[0].keep)

    @classmethod
    def run_all(cls, doors: Sequence[Self]) -> Sequence[Made | Exception]:
        """Status and answer for each, or the exception that refuses it and has left nothing behind."""
        raise NotImplementedError


class Nowhere(Traced):
    """Whatever else is asked for under /api/v1/: 404 in the envelope."""

    permission_classes = [AllowAny]
    throttle_classes = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404


def ids_of(model: Any, field: str, given: Mapping[str, str], rows: Any = None) -> dict[str, int]:
    """``given``: the place in the body → a code, such as ``lines.0.item`` → a SKU, looked up in ``rows`` (all). One query for all; raises
    ``ValidationError`` that names each place whose code nobody knows. Returns code → primary key."""
    codes = set(given.values())
    found: dict[str, int] = dict(
        (model.objects if rows is None else rows).filter(**{f"{field}__in": codes}).values_list(field, "pk")
        if codes
        else ()
    )
    noun = model._meta.verbose_name
    unknown = {place: code for place, code in given.items() if code not in found}
    if unknown:
        raise ValidationError(
            {
                place: [ErrorDetail(f"There is no {noun} {code}.", "unknown")]
                for place, code in unknown.items()
            }
        )
    return found


def belong(given: Mapping[str, int], known: Iterable[int], noun: str) -> None:
    """Raises ``ValidationError`` for ids at those places of the body that are not among ``known``."""
    known = set(known)
    foreign = [place for place, pk in given.items() if pk not in known]
    if foreign:
        raise ValidationError(
            {place: [ErrorDetail(f"There is no such {noun} here.", "unknown")] for place in foreign}
        )
