"""Addresses of the pages."""

from django.urls import include, path

from kaquan.surfaces.web import views

_PAGES = [
    path("", views.overview, name="overview"),
    path("live", views.live, name="live"),
]
urlpatterns = [
    path("", include((_PAGES, "web"))),
    path("language/", include("django.conf.urls.i18n")),
]
