"""/api/v1/ on one page: each app's doors, by name."""

from django.urls import include, path, re_path

from oms.core.api.doors import Nowhere

urlpatterns = [
    path("", include("oms.core.api.urls")),
    path("", include("inventory.api.urls")),
    path("", include("orders.api.urls")),
    path("", include("fulfillment.api.urls")),
    path("", include("returns.api.urls")),
    path("", include("channels.api.urls")),
    re_path(r"^.*$", Nowhere.as_view()),
]
