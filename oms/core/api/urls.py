from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from oms.core.api import tokens

urlpatterns = [
    path("tokens", tokens.Tokens.as_view()),
    path("tokens/me", tokens.MyToken.as_view()),
    path("tokens/<int:pk>/revoke", tokens.RevokeToken.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
]
