"""The worker's side of carriers' own forms: asked for by call-then-record, and read back first."""

from __future__ import annotations

from typing import Any

from fulfillment.actions.make_manifests import FORM
from fulfillment.actions.reach_carrier import carrier_for
from fulfillment.carriers.base import CarrierForm
from fulfillment.models import Manifest, ManifestParcel
from oms.core import effects
from oms.core.actors import Actor
from oms.core.effects import Result
from oms.core.errors import Permanent
from oms.core.lifecycle import move
from oms.core.models import OutboundEffect


def fetch_manifests(*, limit: int = 25, target: str | None = None) -> dict[str, int]:
    """Get the forms that manifests wait for. A form that the carrier refuses fails its manifest, and the parcels
    may go on another."""
    # What an earlier try, or an earlier manifest of these parcels, has achieved is taken as the result.
    done = effects.run(
        FORM, look=lambda e: None, perform=_perform, then=_made, failed=_failed, limit=limit, target=target
    )
    return {"made": done["confirmed"], "failed": done["failed"]}


def _manifest(effect: OutboundEffect) -> Manifest:
    return (
        Manifest.objects.select_related("carrier_account")
        .defer("document")
        .get(pk=effect.request["manifest"])
    )


def _perform(effect: OutboundEffect) -> Result:
    manifest, labels = _manifest(effect), effect.request["labels"]
    carrier: Any = carrier_for(manifest.carrier_account)  # type: ignore[arg-type]
    form: CarrierForm = carrier.find_manifest(labels) or carrier.manifest(labels)
    ours = set(manifest.parcels.values_list("shipment__tracking_number", flat=True))
    if set(form.tracking_numbers) != ours:
        told = f"The carrier's form {form.external_id} lists {len(form.tracking_numbers)} parcels, this manifest {len(ours)}."
        raise Permanent("other_form", told)
    return Result(form.external_id, {"url": form.url, "document": form.body.hex()})


def _made(effect: OutboundEffect, result: Result) -> None:
    manifest, r = _manifest(effect), result.response
    move(
        [manifest], "make", by=_carrier(effect), words="The carrier's own form.",
        sets={
            "external_id": result.remote_id[:120], "document": bytes.fromhex(r["document"]),
            "document_url": r["url"][:400], "failure": "",
        },
    )  # fmt: skip
    OutboundEffect.objects.filter(pk=effect.pk).update(
        response={**r, "document": f"{len(r['document']) // 2} bytes"}
    )


def _failed(effect: OutboundEffect, error: Permanent) -> None:
    manifest = _manifest(effect)
    move([manifest], "fail", by=_carrier(effect), words=str(error), sets={"failure": str(error)[:300]})
    ManifestParcel.objects.filter(manifest=manifest).update(dropped=True)


def _carrier(effect: OutboundEffect) -> Actor:
    return Actor.carrier(effect.target.removeprefix("carrier:"))
