"""The photo of a slip: attached, shown beside what was typed, taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.registration import photos, queries
from kaquan.registration.acting import REGISTER
from kaquan.registration.pictures import BYTES_MAX
from kaquan.registration.queries import SlipLine
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Text, local_text
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.panels import Panel
from kaquan.surfaces.console.kit.screens import Call, Screen


@dataclass(frozen=True, slots=True)
class Picture(Panel):
    """A picture; ``said`` is what it shows, for those who do not see it."""

    template: ClassVar[str] = "console/parts/paper_photo.html"
    address: str
    said: Text
    note: Text = ""


def read_picture(values: Values, name: str) -> bytes:
    """What was chosen, no more of it than is looked at."""
    content: bytes = values[name].read(BYTES_MAX + 1)
    return content


def photo_panels(call: Call, slip: SlipLine) -> Sequence[Panel]:
    """The photo, where the slip has one."""
    found = photos.photo_facts(call.actor, slip.id)
    if found is None:
        return ()
    address = reverse("console:slip-photo", kwargs={"key": slip.id})
    added = {"name": found.added_by_name, "at": local_text(found.added_at)}
    note = _("Added by %(name)s at %(at)s.") % added
    return (Picture(_("Photo"), address, _("The slip as it was photographed."), note),)


def _remove(slip: SlipLine, doing: Doing) -> Text:
    photos.remove_photo(actor=doing.actor, slip_id=slip.id)
    return _("The photo was deleted.")


REMOVE_PHOTO: Action[SlipLine] = Action(
    "remove-photo",
    _("Delete the photo"),
    REGISTER,
    lambda one: _("Delete the photo of the slip of voucher %(serial)s?") % {"serial": one.serial},
    _remove,
    danger=True,
    offered=lambda one: one.has_photo,
)


class AttachPhoto(FormScreen):
    """A photo of one slip."""

    name = "slip-photo-new"
    path = "slips/<int:key>/new-photo"
    title = _("Photo of the slip")
    hint = _(
        "JPEG or PNG, at most 12 MB. It is drawn anew, so nothing of where and by whom it was "
        "taken is kept; it is stored encrypted and deleted after the days in the settings."
    )
    permission = REGISTER
    parent = "bundles"
    fields = (Field("photo", _("Photo"), "file", required=True),)

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """Nothing, of a slip that is there; raises `slip_unknown`."""
        queries.slip_by_id(actor, key)
        return {}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Keep it."""
        content = read_picture(doing.values, "photo")
        photos.attach_photo(actor=doing.actor, slip_id=key, content=content)
        return _("The photo was added."), self.home(key)

    def home(self, key: int) -> str:
        """The slip."""
        return reverse("console:slip", kwargs={"key": key})


class SlipPhotoPicture(Screen):
    """The photo itself."""

    name = "slip-photo"
    path = "slips/<int:key>/photo.jpg"
    title = _("Photo of the slip")
    permission = REGISTER
    parent = "bundles"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """A JPEG; raises `slip_unknown`, `photo_unknown`."""
        return HttpResponse(photos.photo_of(call.actor, key["key"]), content_type="image/jpeg")
