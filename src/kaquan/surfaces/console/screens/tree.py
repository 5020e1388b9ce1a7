"""The organisation tree: level by level, by a search, by dragging; and each node's own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.organisations import actions, queries
from kaquan.organisations.listings import nodes_above
from kaquan.organisations.models import Organisation, OrganisationKind
from kaquan.organisations.searching import node_named, nodes_found, written_node
from kaquan.surfaces.console.kit.actions import Action, Doing, new_name, way_back
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, code, count, text
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.node_fields import node_id
from kaquan.surfaces.console.words import NODE_KINDS

VIEW = queries.VIEW
EDIT = actions.PERMISSION
WORDS_CHARACTERS_MAX = 100


class OrganisationTree(Screen):
    """The nodes below the one that was asked for, or those that fit the words; the names alone for
    a script that completes what is typed."""

    name = "organisations"
    path = "organisations"
    title = _("Organisation")
    permission = VIEW

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The node, the way up, and its children."""
        del key
        words = call.request.GET.get("words", "").strip()[:WORDS_CHARACTERS_MAX]
        if call.request.headers.get("accept") == "application/json":
            return JsonResponse({"nodes": _suggested(call.actor, words)})
        context = _found(call, words) if words else _level(call)
        context["words"] = words
        context["may_edit"] = holds(call.actor, EDIT)
        return self.page(call, "console/organisations.html", context)


def _suggested(actor: Actor, words: str) -> list[dict[str, str]]:
    return [
        {"value": written_node(one), "above": one.parent.name if one.parent else ""}
        for one in (nodes_found(actor, words) if words else [])
    ]


def _found(call: Call, words: str) -> dict[str, Any]:
    found = nodes_found(call.actor, words)
    return {
        "node": None,
        "below": [
            (one, NODE_KINDS[one.kind], one.parent.name if one.parent else "") for one in found
        ],
    }


def _level(call: Call) -> dict[str, Any]:
    node = _node(call.actor, call.request.GET.get("node", ""))
    after = call.request.GET.get("after", "")[:200]
    below = queries.nodes_below(call.actor, node.id if node else None, after_code=after)
    if node is None and len(below) == 1 and below[0].kind != OrganisationKind.STORE:
        node = below[0]  # where there is but one to choose, it is open already
        below = queries.nodes_below(call.actor, node.id)
    return {
        "node": node,
        "node_kind": NODE_KINDS[node.kind] if node else "",
        "above": nodes_above(call.actor, node)[:-1] if node else [],
        "below": [(one, NODE_KINDS[one.kind], "") for one in below],
        "more_after": below[-1].code if len(below) == queries.LIST_MAX else "",
    }


def _node(actor: Actor, asked: str) -> Organisation | None:
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        return None
    return queries.organisation_by_id(actor, int(asked))


def _rename(node: Organisation, doing: Doing) -> Text:
    actions.rename_organisation(
        actor=doing.actor, organisation_id=node.id, name=doing.values["name"]
    )
    return _("The organisation was renamed.")


class NodeDetail(DetailScreen[Organisation]):
    """A node with its history."""

    name = "organisation"
    path = "organisations/<int:key>"
    title = _("Organisation")
    permission = VIEW
    parent = "organisations"
    actions = (
        Action(
            "rename",
            _("Rename"),
            EDIT,
            lambda node: _("Give “%(name)s” another name?") % {"name": node.name},
            _rename,
            fields=(Field("name", _("Name"), required=True),),
        ),
    )
    links = (("organisation-move", _("Move"), EDIT),)

    def subject(self, actor: Actor, key: int) -> Organisation:
        """The node; raises `organisation_unknown`."""
        return queries.organisation_by_id(actor, key)

    def heading(self, subject: Organisation) -> str:
        """Its name."""
        return subject.name

    def badges(self, subject: Organisation) -> Sequence[Cell]:
        """What it is."""
        return [badge(NODE_KINDS[subject.kind], "info")]

    @staticmethod
    def facts(call: Call, node: Organisation) -> Sequence[Panel]:
        """Where it stands, and how much stands below."""
        above = " › ".join(one.name for one in nodes_above(call.actor, node)[:-1])
        there = f"{reverse('console:organisations')}?node={node.id}"
        numbers = queries.numbers_below(call.actor, node.id)
        facts = [
            Fact(_("Code"), code(node.code)),
            Fact(_("Belongs to"), text(above)),
            Fact(_("Organisations below"), count(numbers.nodes, href=there)),
            Fact(_("Stores below"), count(numbers.stores)),
        ]
        return [Facts("", facts)]

    tabs = (Tab("facts", _("Organisation"), facts), changes_tab("organisation"))


NODE: NodeDetail = NodeDetail()


class NewNode(FormScreen):
    """A new node of the tree."""

    name = "organisation-new"
    path = "new-organisation"
    title = _("New organisation")
    permission = EDIT
    parent = "organisations"
    fields = (
        Field("parent", _("Below"), "node",
              hint=_("Empty: at the top, for the whole issuer only.")),
        Field("kind", _("Kind"), "choice", required=True,
              options=[(name, words) for name, words in NODE_KINDS.items()
                       if name != OrganisationKind.STORE]),
        Field("name", _("Name"), required=True),
        Field("code", _("Code"), characters_max=200, hint=_("Empty: one is made.")),
    )  # fmt: skip

    def initial_of(self, call: Call, key: Any) -> Mapping[str, Any]:
        """Below the node that the address names."""
        del key
        parent = _node(call.actor, call.request.GET.get("parent", ""))
        return {"parent": written_node(parent)} if parent else {}

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Add it."""
        del key
        values = doing.values
        made = actions.create_organisation(
            actor=doing.actor,
            kind=OrganisationKind(values["kind"]),
            code=values["code"],
            name=values["name"],
            parent_id=node_id(doing.actor, values["parent"]),
        )
        return _("The organisation was added."), NODE.address(key=made.id)

    def home(self, key: Any) -> str:
        """The tree."""
        del key
        return reverse("console:organisations")


class MoveNode(Screen):
    """A node, with all that stands below it, to another place: first where to, then a question that
    names both."""

    name = "organisation-move"
    path = "organisations/<int:key>/move"
    title = _("Move")
    permission = EDIT
    parent = "organisations"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """Ask where to; ask whether; do it."""
        node = queries.organisation_by_id(call.actor, key["key"])
        there = _node(call.actor, call.request.GET.get("to", ""))
        if there is None:
            return self._where(call, node)
        home = f"{reverse('console:organisations')}?node={there.id}"
        back = way_back(call.request, home)
        error, status = "", 200
        if call.request.method == "POST":
            try:
                actions.move_organisation(
                    actor=call.actor, organisation_id=node.id, parent_id=there.id
                )
            except KaquanError as refusal:
                if refusal.exit_code is ExitCode.PERMISSION_DENIED:
                    raise
                error, status = in_words(refusal), 409
            else:
                done = gettext("“%(name)s” was moved below “%(there)s”.")
                messages.success(call.request, done % {"name": node.name, "there": there.name})
                return HttpResponseRedirect(home)
        context = {
            "action": {"title": self.title, "danger": True, "consequence": _CONSEQUENCE},
            "question": _question(call.actor, node, there),
            "filled": [],
            "back": back,
            "once": new_name(),
            "error": error,
        }
        return self.page(call, "console/question.html", context, status=status)

    def _where(self, call: Call, node: Organisation) -> HttpResponseBase:
        typed = call.request.GET.get("place", "").strip()[:200]
        error = ""
        if typed:
            try:
                there = node_named(call.actor, typed)
            except KaquanError as refusal:
                error = in_words(refusal)
            else:
                query = urlencode({"to": there.id})
                return HttpResponseRedirect(f"{self.address(key=node.id)}?{query}")
        context = {
            "node": node,
            "heading": node.name,
            "typed": typed,
            "error": error,
            "back": f"{reverse('console:organisations')}?node={node.id}",
        }
        return self.page(call, "console/move.html", context)


_CONSEQUENCE = _("All below it moves along; who may see and do what there follows the new place.")


def _question(actor: Actor, node: Organisation, there: Organisation) -> str:
    above = nodes_above(actor, node)[:-1]
    numbers = queries.numbers_below(actor, node.id)
    words = gettext(
        "Move “%(name)s” (%(number)s organisations below it) from “%(here)s” to “%(there)s”?"
    )
    return words % {
        "name": node.name,
        "number": f"{numbers.nodes:,}",
        "here": above[-1].name if above else gettext("Top"),
        "there": there.name,
    }
