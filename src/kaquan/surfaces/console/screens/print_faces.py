"""Paper layouts: list, page with a picture of the first sheet, and the form that makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.paging import Page, Paging
from kaquan.printing import faces
from kaquan.printing.layouts import GRIDS, PAPERS, Layout, layout_of
from kaquan.printing.models import PrintFace
from kaquan.printing.pictures import IMAGE_BYTES_MAX
from kaquan.redemption.code_files import PERMISSION
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, text
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Values, read_all
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words, status_of
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.wizard_fields import FACE_COLOURS

PREVIEW_WIDTH_PX = 420
PAPER_WORDS: Mapping[str, Text] = {
    "a4": _("A4, upright"),
    "a4-landscape": _("A4, across"),
    "a5": _("A5"),
    "card": _("Card, 90 × 54 mm"),
}
SYMBOL_WORDS: Mapping[str, Text] = {
    "both": _("QR code and bar code"),
    "qr": _("QR code"),
    "code128": _("Bar code (Code 128)"),
    "qr-ean13": _("QR code and article's bar code (EAN-13)"),
}
_SWITCHES = ("signed", "two_sided", "scratch", "cut_marks")


@dataclass(frozen=True, slots=True)
class Picture(Panel):
    """A picture, with words for who cannot see it."""

    template: ClassVar[str] = "console/parts/picture.html"
    address: str
    words: Text
    width: int
    height: int


class FaceDetail(DetailScreen[PrintFace]):
    """One layout, as it will be printed."""

    name = "print-face"
    path = "print-layouts/<int:key>"
    title = _("Paper layout")
    permission = PERMISSION
    parent = "print-faces"
    links = (("print-face-edit", _("Edit"), PERMISSION),)

    def subject(self, actor: Actor, key: int) -> PrintFace:
        """The layout; raises `print_face_unknown`."""
        return faces.face_by_id(actor, key)

    def heading(self, subject: PrintFace) -> str:
        """Its name."""
        return subject.name

    @staticmethod
    def facts(call: Call, face: PrintFace) -> Sequence[Panel]:
        """The first sheet, and what was chosen."""
        del call
        layout = layout_of(face.layout)
        page = PAPERS[layout.paper]
        facts = [
            Fact(_("Paper"), text(PAPER_WORDS[layout.paper])),
            Fact(_("Vouchers a page"), text(str(layout.per_page))),
            Fact(_("Each"), text(f"{layout.cell.width_mm} × {layout.cell.height_mm} mm")),
            Fact(_("Codes"), text(SYMBOL_WORDS[layout.symbols])),
            Fact(_("For tills without a network"), _yes(layout.signed)),
            Fact(_("Two sides"), _yes(layout.two_sided)),
            Fact(_("Scratch-off"), _yes(layout.scratch)),
            Fact(_("Cut marks"), _yes(layout.cut_marks)),
            Fact(_("Room for terms"), text(
                _("about %(number)s characters") % {"number": layout.terms_fit}
                if layout.terms_fit else _("None")
            )),
        ]  # fmt: skip
        picture = Picture(
            _("First sheet, with made-up codes"),
            reverse("console:print-face-preview", kwargs={"key": face.pk}),
            _("A sheet of vouchers"),
            PREVIEW_WIDTH_PX,
            PREVIEW_WIDTH_PX * page.height_mm // page.width_mm * (2 if layout.two_sided else 1),
        )
        return [Facts("", facts), picture]

    tabs = (Tab("facts", _("Paper layout"), facts), changes_tab("print_face"))


FACE = FaceDetail()


def _yes(is_so: bool) -> Cell:
    return text(_("Yes") if is_so else _("No"))


class Faces(ListScreen[PrintFace]):
    """All layouts of one's part."""

    name = "print-faces"
    path = "print-layouts"
    title = _("Paper layouts")
    permission = PERMISSION
    creates = ("print-face-new", _("New layout"), PERMISSION)
    empty = _("There is no layout yet; make one, then order vouchers on a batch's page.")
    columns = (
        Column[PrintFace]("name", _("Name"), lambda one: text(
            one.name, href=FACE.address(key=one.id)), sort="name"),
        Column[PrintFace]("paper", _("Paper"), lambda one: text(
            PAPER_WORDS[layout_of(one.layout).paper])),
        Column[PrintFace]("page", _("Vouchers a page"), lambda one: text(
            str(layout_of(one.layout).per_page)), number=True),
        Column[PrintFace]("codes", _("Codes"), lambda one: text(
            SYMBOL_WORDS[layout_of(one.layout).symbols]), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[PrintFace]:
        """The layouts."""
        del values
        return faces.face_page(actor, paging)


class _FaceForm(FormScreen):
    permission = PERMISSION
    parent = "print-faces"
    hint = _("The first sheet stands beside the form; nothing is printed yet.")
    beside = "console/parts/print_preview.html"
    fields = (
        Field("name", _("Name"), required=True),
        Field("title", _("Large on the voucher"), required=True, characters_max=40),
        Field("brand", _("Brand"), characters_max=40),
        Field("note", _("Line below"), characters_max=80),
        Field("paper", _("Paper"), "choice", options=list(PAPER_WORDS.items()), required=True),
        Field("per_page", _("Vouchers a page"), "choice", required=True,
              options=[(str(number), str(number)) for number in GRIDS]),
        Field("symbols", _("Codes"), "choice", options=list(SYMBOL_WORDS.items()),
              required=True,
              hint=_("Where two stand, a stain on one leaves the other. An EAN-13 names the "
                     "article and is the same on every voucher: which one it is, the QR code "
                     "says.")),
        Field("ean", _("Article's bar code"), characters_max=13,
              hint=_("13 digits by which your tills know the offer; only for codes with EAN-13.")),
        Field("signed", _("For tills without a network"), "switch",
              hint=_("The QR code is signed, denser and a little larger; only for batches whose "
                     "terms allow use without a network.")),
        Field("colour", _("Colour"), "choice", required=True,
              options=FACE_COLOURS),
        Field("two_sided", _("Two sides"), "switch",
              hint=_("The terms stand on the back; turn by the long edge.")),
        Field("scratch", _("Scratch-off"), "switch",
              hint=_("The code stands on the back in a field to be covered, the serial in front.")),
        Field("cut_marks", _("Cut marks"), "switch"),
        Field("image", _("Brand image (PNG or JPEG, at most 1 MB)"), "file"),
    )  # fmt: skip

    def beside_of(self, key: Any) -> Mapping[str, Any]:
        """Where the sheet is drawn."""
        return {"preview": reverse("console:print-face-preview", kwargs={"key": key or 0})}

    @staticmethod
    def _saved(doing: Doing, face_id: int | None) -> PrintFace:
        values = doing.values
        return faces.save_face(
            actor=doing.actor,
            name=values["name"],
            layout=_layout_in(values),
            image=_image_in(values),
            face_id=face_id,
        )


def _layout_in(values: Values) -> Layout:
    told = {
        name: value
        for name, value in values.items()
        if name not in ("name", "image", *_SWITCHES) and value is not None
    }
    return faces.read_layout(told | {name: bool(values[name]) for name in _SWITCHES})


def _image_in(values: Values) -> bytes | None:
    image = values["image"]
    return image.read(IMAGE_BYTES_MAX + 1) if image is not None else None


class FacePreview(Screen):
    """The first sheet: of what is kept, or of what stands in a form and is not kept yet."""

    name = "print-face-preview"
    path = "print-layouts/<int:key>/preview.png"
    title = _("Paper layout")
    permission = PERMISSION
    parent = "print-faces"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """A PNG; for a form, as JSON, why it cannot be drawn. Raises `print_face_unknown`."""
        if call.request.method == "POST":
            return self._draft(call, key["key"] or None)
        return HttpResponse(faces.preview_of(call.actor, key["key"]), content_type="image/png")

    @staticmethod
    def _draft(call: Call, face_id: int | None) -> HttpResponseBase:
        if face_id is not None:
            faces.face_by_id(call.actor, face_id)  # or it is not there, whatever was typed
        values, filled = read_all(_FaceForm.fields, call.request.POST, call.request.FILES)
        for one in filled:
            if one.error and one.field.name != "name":
                return JsonResponse({"fault": f"{one.field.title}: {one.error}"}, status=422)
        try:
            drawn = faces.preview_of_draft(
                call.actor, layout=_layout_in(values), image=_image_in(values), face_id=face_id
            )
        except KaquanError as error:
            return JsonResponse({"fault": in_words(error)}, status=status_of(error))
        return HttpResponse(drawn, content_type="image/png")


class NewFace(_FaceForm):
    """A new layout."""

    name = "print-face-new"
    path = "new-print-layout"
    title = _("New layout")

    def initial(self, actor: Actor, key: Any) -> Mapping[str, Any]:
        """What most take."""
        del actor, key
        usual = Layout(title="-")
        return {
            "paper": usual.paper,
            "per_page": usual.per_page,
            "symbols": usual.symbols,
            "colour": usual.colour,
            "cut_marks": True,
        }

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Make it."""
        del key
        face = self._saved(doing, None)
        return _("The layout was saved."), FACE.address(key=face.pk)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return FACES.address()


class EditFace(_FaceForm):
    """Another look for what is ordered from now on."""

    name = "print-face-edit"
    path = "print-layouts/<int:key>/edit"
    title = _("Edit the layout")
    hint = _("What was ordered already keeps its look. Without a new image the old one stays.")

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """As it is; raises `print_face_unknown`."""
        face = faces.face_by_id(actor, key)
        layout = layout_of(face.layout)
        values = {name: getattr(layout, name) for name in layout.__struct_fields__}
        return {"name": face.name, **values}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it."""
        self._saved(doing, key)
        return _("The layout was saved."), FACE.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return FACE.address(key=key)


FACES = Faces()
