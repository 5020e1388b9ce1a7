"""Which surface answers which address."""

from django.urls import URLPattern, URLResolver, include, path

from kaquan.project.description import openapi_document
from kaquan.surfaces.api.documents import route_unknown

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/openapi.json", openapi_document, name="openapi"),
    path("api/v1", route_unknown),
    path("api/v1/", include("kaquan.surfaces.api.urls")),
    path("accounts/", include("kaquan.surfaces.login.urls")),
    path("w/", include("kaquan.surfaces.wallet.urls")),
    path("counter/", include("kaquan.surfaces.counter.urls")),
    path("console/", include("kaquan.surfaces.console.urls")),
    path("", include("kaquan.surfaces.web.urls")),
]
