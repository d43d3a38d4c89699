from django.urls import path

from fulfillment.api import manifests, parcels, webhooks, work

urlpatterns = [
    path("orders/<int:pk>/cancel", work.CancelOrder.as_view()),
    path("orders/<int:pk>/route", work.RouteOrder.as_view()),
    path("carriers", work.ListCarriers.as_view()),
    path("shelf-reasons", work.ListShelfReasons.as_view()),
    path("fulfillment-orders", work.ListFulfillmentOrders.as_view()),
    path("fulfillment-orders/<int:pk>", work.GetFulfillmentOrder.as_view()),
    path("fulfillment-orders/<int:pk>/start-pick", work.StartPick.as_view()),
    path("fulfillment-orders/<int:pk>/pick", work.Pick.as_view()),
    path("fulfillment-orders/<int:pk>/pack", work.Pack.as_view()),
    path("fulfillment-orders/<int:pk>/buy-label", work.BuyLabel.as_view()),
    path("fulfillment-orders/<int:pk>/ship", work.Ship.as_view()),
    path("fulfillment-orders/<int:pk>/reject", work.RejectWork.as_view()),
    path("fulfillment-orders/<int:pk>/cancel", work.CancelWork.as_view()),
    path("fulfillment-orders/<int:pk>/pick-list.pdf", parcels.PickListPdf.as_view()),
    path("fulfillment-orders/<int:pk>/packing-slip.pdf", parcels.PackingSlipPdf.as_view()),
    path("parcels", parcels.ListParcels.as_view()),
    path("parcels/<int:pk>", parcels.GetParcel.as_view()),
    path("parcels/<int:pk>/offers", parcels.CompareOffers.as_view()),
    path("parcels/<int:pk>/type-tracking", parcels.TypeTracking.as_view()),
    path("parcels/<int:pk>/unlabel", parcels.Unlabel.as_view()),
    path("parcels/<int:pk>/settle-lost", parcels.SettleLost.as_view()),
    path("parcels/<int:pk>/reship", parcels.Reship.as_view()),
    path("parcels/<int:pk>/customs.pdf", parcels.CustomsPdf.as_view()),
    path("parcels/<int:pk>/label", parcels.ParcelLabel.as_view()),
    path("manifests", manifests.Manifests.as_view()),
    path("manifests/<int:pk>", manifests.GetManifest.as_view()),
    path("manifests/<int:pk>/manifest.pdf", manifests.ManifestPdf.as_view()),
    path("webhooks/carriers/<slug:slug>", webhooks.CarrierWebhook.as_view(), name="carrier-webhook"),
]
