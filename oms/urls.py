from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from oms.core.health import healthz

# Here and not at start: workers and commands show no pages, and the console is a third of what a process holds.
admin.autodiscover()

urlpatterns = [
    path("healthz", healthz),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("fulfillment.urls")),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", include("oms.core.console.urls")),
    path("admin/dock/", include("fulfillment.dock.urls")),
    path("admin/dock/returns/", include("returns.dock")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("oms.api_urls")),
]
