"""Claim links: where customers claim a campaign's vouchers; list, page, new one, files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns.listings import BatchFilter, batch_page
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.offers.faces import face_of
from kaquan.printing.posters import Poster, poster_pdf
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, count, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.screens.batch_forms import read_quantity
from kaquan.wallet import links as claim_links
from kaquan.wallet import posters
from kaquan.wallet.models import ClaimLink

EDIT = "campaigns.edit"
BATCHES_OFFERED = 200


def _state(link: ClaimLink) -> Cell:
    return badge(_("Open for claims"), "good") if link.active else badge(_("Closed"), "muted")


def _set_active(link: ClaimLink, doing: Doing, *, active: bool) -> Text:
    claim_links.set_link_active(actor=doing.actor, link_id=link.id, active=active)
    words = _("“%(name)s” is open again.") if active else _("“%(name)s” is closed.")
    return words % {"name": link.name}


ACTIONS: tuple[Action[ClaimLink], ...] = (
    Action(
        "close",
        _("Close"),
        EDIT,
        lambda link: _("Close the claim link “%(name)s”?") % {"name": link.name},
        lambda link, doing: _set_active(link, doing, active=False),
        offered=lambda link: link.active,
        consequence=_("Nobody claims by it any more; what was claimed stays good."),
    ),
    Action(
        "open",
        _("Open again"),
        EDIT,
        lambda link: _("Open the claim link “%(name)s” again?") % {"name": link.name},
        lambda link, doing: _set_active(link, doing, active=True),
        offered=lambda link: not link.active,
    ),
)


class ClaimLinkDetail(DetailScreen[ClaimLink]):
    """One link, its address and its files."""

    name = "claim-link"
    path = "claim-links/<int:key>"
    title = _("Claim link")
    permission = claim_links.VIEW
    parent = "claim-links"
    actions = ACTIONS

    def subject(self, actor: Actor, key: int) -> ClaimLink:
        """The link; raises `claim_link_unknown`."""
        return claim_links.link_by_id(actor, key)

    def heading(self, subject: ClaimLink) -> str:
        """Its name."""
        return subject.name

    def badges(self, subject: ClaimLink) -> Sequence[Cell]:
        """Whether it is open."""
        return (_state(subject),)

    @staticmethod
    def facts(call: Call, link: ClaimLink) -> Sequence[Panel]:
        """Where it leads, what was claimed, and what to print."""
        address = _address(call, link)
        facts = [
            Fact(_("Address"), text(address, href=address)),
            Fact(_("Campaign"), text(link.batch.campaign.name)),
            Fact(_("Batch"), text(link.batch.name)),
            Fact(_("Channel"), text(link.channel)),
            Fact(_("Claimed"), count(link.claimed)),
            Fact(_("At most"), count(link.quantity_max)),
            Fact(_("Made"), moment(link.made_at)),
        ]
        tag = text(_("Write an NFC tag"), href=TAG.address(key=link.id))
        files = [
            Fact(words, text(name, href=FILE.address(key=link.id, form=form)))
            for form, (name, words) in FILES.items()
        ]
        return [Facts("", facts), Facts(_("Files"), [*files, Fact(_("NFC tag"), tag)])]

    tabs = (Tab("facts", _("Claim link"), facts),)


class ClaimLinks(ListScreen[ClaimLink]):
    """The links of one's part."""

    name = "claim-links"
    path = "claim-links"
    title = _("Claim links")
    permission = claim_links.VIEW
    empty = _("There is no claim link yet.")
    actions = ACTIONS
    fields = (Field("words", _("Name, channel or campaign")),)
    links = (("claim-link-new", _("New claim link"), EDIT),)
    columns = (
        Column[ClaimLink]("name", _("Name"), lambda one: text(
            one.name, href=LINK.address(key=one.id)), sort="name"),
        Column[ClaimLink]("channel", _("Channel"), lambda one: text(one.channel)),
        Column[ClaimLink]("campaign", _("Campaign"), lambda one: text(one.batch.campaign.name)),
        Column[ClaimLink]("claimed", _("Claimed"), lambda one: count(one.claimed), number=True),
        Column[ClaimLink]("most", _("At most"), lambda one: count(one.quantity_max), number=True,
                          wide=True),
        Column[ClaimLink]("state", _("State"), _state),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ClaimLink]:
        """The links."""
        return claim_links.link_page(actor, values["words"], paging)

    def action_address(self, row: ClaimLink, action: Action[Any]) -> str:
        """On the link's own page."""
        return action_address(LINK, row.id, action)


class NewClaimLink(FormScreen):
    """A new link to a batch that is claimed from stock."""

    name = "claim-link-new"
    path = "new-claim-link"
    title = _("New claim link")
    permission = EDIT
    parent = "claim-links"
    save_words = _("Create")
    fields = (
        Field("name", _("Name"), required=True, hint=_("Such as: poster at the underground")),
        Field("batch", _("Batch"), "choice", required=True,
              hint=_("Batches that are claimed from stock.")),
        Field("channel", _("Channel"), required=True, characters_max=32,
              hint=_("A short word, such as poster; terms may ask for it.")),
        Field("quantity", _("At most"), characters_max=16,
              hint=_("How many may be claimed by it; empty: as many as the batch has.")),
    )  # fmt: skip

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """With the newest batches."""
        del key
        paging = Paging(limit=BATCHES_OFFERED, counts=False)
        rows = batch_page(actor, BatchFilter(by_code=False), paging).rows
        options = [(str(one.id), f"{one.name}（{one.campaign.name}）") for one in rows]
        return [
            one.with_options(options, most=BATCHES_OFFERED) if one.name == "batch" else one
            for one in self.fields
        ]

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Make it."""
        del key
        most = doing.values["quantity"]
        link = claim_links.create_link(
            actor=doing.actor,
            batch_id=int(doing.values["batch"]),
            name=doing.values["name"],
            channel=doing.values["channel"],
            quantity_max=read_quantity(most) if most else None,
        )
        words = _("The claim link “%(name)s” was made.") % {"name": link.name}
        return words, LINK.address(key=link.id)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return LINKS.address()


FILES: dict[str, tuple[str, Text]] = {
    "poster": ("poster.pdf", _("Poster, A4")),
    "drawing": ("code.svg", _("QR code as a drawing")),
    "picture": ("code.png", _("QR code as a picture")),
    "tag": ("tag.ndef", _("Bytes for an NFC tag")),
}
_TYPES = {
    "poster": "application/pdf",
    "drawing": "image/svg+xml",
    "picture": "image/png",
    "tag": "application/octet-stream",
}


class ClaimLinkFile(Screen):
    """A link on paper or on a tag."""

    name = "claim-link-file"
    path = "claim-links/<int:key>/file/<slug:form>"
    title = _("Files")
    permission = claim_links.VIEW
    parent = "claim-links"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The file."""
        form = key["form"]
        if form not in FILES:
            raise Http404
        link = claim_links.link_by_id(call.actor, key["key"])
        response = HttpResponse(_content(call, link, form), content_type=_TYPES[form])
        name = f"claim-{link.id}-{FILES[form][0]}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


class WriteTag(Screen):
    """Hold a tag to this device and it is written, where the browser can do that."""

    name = "claim-link-tag"
    path = "claim-links/<int:key>/tag"
    title = _("Write an NFC tag")
    permission = claim_links.VIEW
    parent = "claim-links"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The page."""
        link = claim_links.link_by_id(call.actor, key["key"])
        context = {
            "address": _address(call, link),
            "link": link,
            "file": FILE.address(key=link.id, form="tag"),
            "back": LINK.address(key=link.id),
        }
        return self.page(call, "console/claim_link_tag.html", context)


def _content(call: Call, link: ClaimLink, form: str) -> bytes:
    address = _address(call, link)
    if form == "poster":
        return _poster(link, address)
    make = {
        "drawing": posters.link_svg,
        "picture": posters.link_png,
        "tag": posters.link_tag,
    }[form]
    return make(address)


def _poster(link: ClaimLink, address: str) -> bytes:
    offer = link.batch.offer_version.offer
    face = face_of(offer.face)
    return poster_pdf(
        Poster(
            title=face.title_zh if face else offer.name,
            campaign=link.batch.campaign.name,
            address=address,
            symbol=posters.link_svg(address).decode(),
            brand=face.brand if face else "",
            note=face.note_zh if face else "",
            colour=face.colour if face else "red",
        )
    )


def _address(call: Call, link: ClaimLink) -> str:
    path = reverse("wallet:claim", kwargs={"token": link.token})
    return str(call.request.build_absolute_uri(path))


FILE = ClaimLinkFile()
TAG = WriteTag()
LINK: ClaimLinkDetail = ClaimLinkDetail()
LINKS = ClaimLinks()
