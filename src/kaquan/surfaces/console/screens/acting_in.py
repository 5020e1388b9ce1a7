"""In which of their parts somebody acts."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.surfaces.console.acting import choose
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.screens import workbench


class ActingIn(Screen):
    """Which part of the organisation someone acts in from now on."""

    name = "acting-in"
    path = "acting-in"
    title = _("Acting in")
    permission = ""

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """Keep the choice and begin anew."""
        del key
        asked = call.request.POST.get("organisation", "")
        if asked.isascii() and asked.isdigit() and len(asked) < 10:
            choose(call.request, int(asked) or None)
        return HttpResponseRedirect(workbench.WORKBENCH.address())
