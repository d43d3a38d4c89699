from django.urls import path

from channels.api import webhooks

urlpatterns = [
    path("webhooks/channels/<slug:slug>", webhooks.ChannelWebhook.as_view(), name="channel-webhook"),
]
