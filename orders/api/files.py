"""Files on orders: read, put there, taken off."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from oms.core.api.doors import PERSONAL, Detail, belong
from oms.core.tokens import Access
from orders.actions.attach_file import attach_file
from orders.actions.remove_files import remove_files
from orders.api.asks import FileAsk, FileIdAsk
from orders.api.orders import OrderVerb
from orders.api.shapes import FileWhole
from orders.models import Order, OrderFile


class GetFile(Detail):
    """A file of an order, with what is in it.

    Nobody can mask what stands in a file, so it takes the right to see personal data.
    """

    reads, answer = PERSONAL, FileWhole

    def get_queryset(self) -> QuerySet[OrderFile]:
        return OrderFile.objects.all()


class AttachFile(OrderVerb):
    """Put a file on an order.

    Refused when it is too large, or no PDF, picture or text.
    """

    writes, ask, status = Access("orders:write", "orders.add_orderfile"), FileAsk, 201

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        attach_file(order.pk, name=ask["name"], body=ask["content"], by=self.actor)


class RemoveFile(OrderVerb):
    """Take a file off an order.

    It cannot be brought back.
    """

    writes, ask = Access("orders:write", "orders.delete_orderfile"), FileIdAsk

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        belong({"file": ask["file"]}, order.files.values_list("pk", flat=True), "file")
        remove_files([ask["file"]], by=self.actor)
