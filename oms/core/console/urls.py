"""The console's own addresses; included before the admin's."""

from django.contrib import admin
from django.urls import path

from oms.core.console.paper import paper
from oms.core.console.press import press
from oms.core.console.saved import change_view, save_view
from oms.core.console.search import find

app_name = "console"
urlpatterns = [
    path("do/<str:name>/", admin.site.admin_view(press), name="press"),
    path("paper/<str:name>/", admin.site.admin_view(paper), name="paper"),
    path("views/", admin.site.admin_view(save_view), name="save_view"),
    path("views/<int:pk>/", admin.site.admin_view(change_view), name="change_view"),
    path("find/", admin.site.admin_view(find), name="find"),
]
