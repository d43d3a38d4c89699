"""The commercial invoices of parcels that cross a customs border, as they were declared."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext

from fulfillment.actions.declare_customs import READS, crosses, declare_customs, why_not_declare
from fulfillment.actions.print_papers import address_lines, place_lines
from fulfillment.documents.customs_invoice import CustomsInvoice, customs_invoices
from fulfillment.models import Label, Shipment
from fulfillment.rules.customs import restored
from oms.core.errors import Reason, Refused


def print_customs(shipment_ids: Sequence[int]) -> bytes:
    """One PDF, an invoice a parcel; parcels that cross no border are left out. What was declared with a bought
    label is printed as it was. Raises :class:`Refused` where nothing needs one, or an item lacks its data."""
    parcels = list(
        Shipment.objects.filter(pk__in=shipment_ids).order_by("pk")
        .select_related("fulfillment_order__location", "fulfillment_order__order", "carrier_account")
        .prefetch_related(Prefetch("labels", Label.objects.defer("document").order_by("pk")), *READS[:2])
    )  # fmt: skip
    abroad = [parcel for parcel in parcels if parcel.state != "voided" and crosses(parcel)]
    if not abroad:
        raise Refused(
            Reason("no_customs", gettext("It crosses no customs border: nothing has to be declared."))
        )
    return customs_invoices([_invoice(parcel) for parcel in abroad])


def _invoice(parcel: Shipment) -> CustomsInvoice:
    work = parcel.fulfillment_order
    bought = [label for label in parcel.labels.all() if label.state == "purchased" and label.customs]
    if bought:
        declared = restored(bought[-1].customs or {})
    else:
        reasons = why_not_declare(parcel)
        account = parcel.carrier_account
        found = None if reasons else declare_customs(parcel, account.options if account else None)
        if found is None:
            raise Refused(reasons)
        declared = found
    made = bought[-1].created_at if bought else parcel.created_at
    return CustomsInvoice(
        declaration=declared, sender=place_lines(work.location), recipient=address_lines(work.order.shipping_address),
        order_number=work.order.number, made_on=timezone.localtime(made).date(), gross_g=parcel.weight_g,
        tracking_number=parcel.tracking_number, carrier=parcel.carrier,
    )  # fmt: skip
