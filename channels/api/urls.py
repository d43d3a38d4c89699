from django.urls import path

from channels.api import changes, webhooks

urlpatterns = [
    path("orders/<int:pk>/accept-change", changes.AcceptChange.as_view()),
    path("orders/<int:pk>/decline-change", changes.DeclineChange.as_view()),
    path("webhooks/channels/<slug:slug>", webhooks.ChannelWebhook.as_view(), name="channel-webhook"),
]
