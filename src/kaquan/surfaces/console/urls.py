"""Addresses of the console: one for each screen."""

from django.urls import path

from kaquan.surfaces.console.kit.screens import Screen
from kaquan.surfaces.console.live import live
from kaquan.surfaces.console.screens import SCREENS

app_name = "console"


def _pattern(screen: Screen) -> str:
    return f"{screen.path}/" if screen.path else ""


urlpatterns = [
    path("live/", live, name="live"),
    *(path(_pattern(screen), screen.view, name=screen.name) for screen in SCREENS),
]
