"""Addresses of the management API."""

from django.urls import path, re_path

from kaquan.surfaces.api.application import build_api
from kaquan.surfaces.api.documents import route_unknown, swagger_page

api = build_api()

urlpatterns = [
    path("docs", swagger_page, name="api-docs"),
    path("", api.urls),
    re_path("", route_unknown),
]
