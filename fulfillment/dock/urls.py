"""The dock's addresses, below the console's."""

from django.contrib import admin
from django.urls import path

from fulfillment.dock.home import home, next_work
from fulfillment.dock.receiving import receiving
from fulfillment.dock.work import work_page

see = admin.site.admin_view
app_name = "dock"
urlpatterns = [
    path("", see(home), name="home"),
    path("next/", see(next_work), name="next"),
    path("work/<int:pk>/", see(work_page), name="work"),
    path("receive/", see(receiving), name="receive"),
]
