"""Forms whose answer is a secret: it is shown on the page that answers, once, and kept nowhere.

Not in a message, which a cookie or the session would carry, and not in an address. A form that is
sent a second time makes no second secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.errors import KaquanError
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.screens import Call

SENT_S = 3_600
"""For so long a form's name is remembered."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret and what it is."""

    name: Text
    text: str

    def __repr__(self) -> str:
        return "<a secret>"


@dataclass(frozen=True, slots=True)
class Revealed:
    """What was done, the secrets that came of it, a word of advice, and where to go on."""

    done: Text
    secrets: Sequence[Secret]
    advice: Text
    onward: Sequence[tuple[str, Text]]


class SecretFormScreen(FormScreen):
    """A form whose answer holds a secret."""

    def reveal(self, doing: Doing, key: Any) -> Revealed:
        """Do it; raises what the action raises."""
        raise NotImplementedError

    def answer(self, call: Call, doing: Doing, key: Any) -> HttpResponseBase:
        """The page with the secret, once; a form that is sent again is told where to look."""
        name = f"console-once:{call.actor.id}:{self.name}:{doing.once}"
        if not cache.add(name, "sent", SENT_S):
            context = {
                "title": _("This was done already"),
                "text": _(
                    "The form was sent before; its secret was shown then and is kept nowhere."
                ),
                "onward": [(self.home(key), _("Go on"))],
            }
            return self.page(call, "console/secret.html", context, status=409)
        try:
            revealed = self.reveal(doing, key)
        except KaquanError:
            cache.delete(name)  # nothing was made: what is mended may be sent again
            raise
        context = {
            "text": revealed.done,
            "secrets": revealed.secrets,
            "advice": revealed.advice,
            "onward": revealed.onward,
        }
        return self.page(call, "console/secret.html", context)
