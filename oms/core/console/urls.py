"""The console's own addresses; included before the admin's."""

from django.contrib import admin
from django.urls import path

from oms.core.console.press import press
from oms.core.console.search import find

app_name = "console"
urlpatterns = [
    path("do/<str:name>/", admin.site.admin_view(press), name="press"),
    path("find/", admin.site.admin_view(find), name="find"),
]
