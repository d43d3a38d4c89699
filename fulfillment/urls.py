from django.urls import path

from fulfillment.portal import tracking_page

app_name = "portal"
urlpatterns = [path("track/<str:token>/", tracking_page, name="tracking")]
