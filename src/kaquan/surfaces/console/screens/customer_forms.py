"""Forms about customers: new, edit, task, merge, identities taken away, and showing in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.customers import actions, identities, looks, merging, queries, tasks
from kaquan.customers.looks import LookReason
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.queries import organisation_by_id
from kaquan.organisations.searching import written_node
from kaquan.staff import queries as staff
from kaquan.staff.acting import actor_id
from kaquan.staff.permissions import VIEW as STAFF_VIEW
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, Filled
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.kit.secrets import Revealed, Secret, SecretFormScreen
from kaquan.surfaces.console.screens.customer_actions import names_in
from kaquan.surfaces.console.screens.customer_words import (
    IDENTITIES,
    LOOK_REASONS,
    PERSONAL_FIELDS,
)
from kaquan.surfaces.console.screens.customers import CUSTOMER, CUSTOMERS
from kaquan.surfaces.console.screens.node_fields import NODE_HINT, FormFaultError, node_id

EDIT = actions.PERMISSION
HIDE_S = 60
"""For so long what was asked for is seen."""
_PERSON = (
    Field("name", _("Full name")),
    Field("phone", _("Phone"), characters_max=40),
    Field("birthday", _("Birthday"), "day"),
)
_BELONGS = Field("organisation", _("Belongs to"), "node", hint=NODE_HINT)


def _one(actor: Actor, key: int) -> queries.CustomerLine:
    """The customer; raises `customer_unknown`."""
    return CUSTOMER.subject(actor, key)


class NewCustomer(FormScreen):
    """A new customer."""

    name = "customer-new"
    path = "new-customer"
    title = _("New customer")
    permission = EDIT
    parent = "customers"
    fields = (
        Field("number", _("Customer number"), required=True, characters_max=64),
        *_PERSON,
        Field("id_document", _("Identity document"), characters_max=64,
              hint=_("Only a keyed number of it is kept, to count limits per person.")),
        Field("tags", _("Tags"), characters_max=500, hint=_("Several with commas between them.")),
        _BELONGS,
    )  # fmt: skip

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Add it."""
        del key
        values = doing.values
        customer = actions.create_customer(
            actor=doing.actor,
            number=values["number"],
            name=values["name"],
            phone=values["phone"],
            id_document=values["id_document"],
            birthday=values["birthday"],
            tags=names_in(values["tags"]),
            organisation_id=node_id(doing.actor, values["organisation"]),
        )
        return _("The customer was added."), CUSTOMER.address(key=customer.id)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return CUSTOMERS.address()


class _OfCustomer(FormScreen):
    """A form about one customer."""

    permission = EDIT
    parent = "customers"

    def home(self, key: int) -> str:
        """The customer's page."""
        return CUSTOMER.address(key=key)

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """Nothing, of a customer who is there."""
        _one(actor, key)
        return {}


class EditCustomer(_OfCustomer):
    """Other facts of a customer; what is masked stays unless something else is typed."""

    name = "customer-edit"
    path = "customers/<int:key>/edit"
    title = _("Edit the customer")
    fields = (*_PERSON, _BELONGS)

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With what is known in its masked form."""
        line = _one(actor, key)
        known = {
            "name": line.masked_name,
            "phone": line.masked_phone,
            "birthday": f"**-{line.birth_month:02}-**" if line.birth_month else "",
        }
        return [
            Field(one.name, one.title, one.kind, characters_max=one.characters_max,
                  hint=_("Now %(value)s; empty: stays as it is.") % {"value": known[one.name]})
            if known.get(one.name)
            else one
            for one in self.fields
        ]  # fmt: skip

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """Whose it is."""
        owner_id = _one(actor, key).organisation_id
        return (
            {"organisation": written_node(organisation_by_id(actor, owner_id))} if owner_id else {}
        )

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change what was typed."""
        line, values = _one(doing.actor, key), doing.values
        owner_id = node_id(doing.actor, values["organisation"])
        actions.update_customer(
            actor=doing.actor,
            number=line.number,
            name=values["name"],
            phone=values["phone"],
            birthday=values["birthday"],
            organisation_id=None if owner_id == line.organisation_id else owner_id,
        )
        return _("The customer was changed."), CUSTOMER.address(key=key)


class NewTask(_OfCustomer):
    """Something to be done for a customer."""

    name = "customer-task"
    path = "customers/<int:key>/new-task"
    title = _("New task")
    fields = (
        Field("title", _("Task"), required=True, characters_max=200),
        Field("due", _("Due"), "day", required=True),
        Field("who", _("Assignee"), "choice", hint=_("Nobody chosen: anyone.")),
    )

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With oneself, and one's colleagues where one may know them."""
        del key
        people = list(_colleagues(actor).items())
        return [one.with_options(people) if one.name == "who" else one for one in self.fields]

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Add it."""
        who = doing.values["who"] or ""
        tasks.add_task(
            actor=doing.actor,
            customer_id=key,
            title=doing.values["title"],
            due_on=doing.values["due"],
            assignee_id=who,
            assignee_name=_colleagues(doing.actor).get(who, ""),
        )
        return _("The task was added."), f"{CUSTOMER.address(key=key)}?tab=follow-up"


def _colleagues(actor: Actor) -> dict[str, str]:
    found = {actor.id: actor.name}
    if holds(actor, STAFF_VIEW):
        found |= {actor_id(one): one.name for one in staff.staff(actor, active=True)}
    return found


class MergeCustomer(_OfCustomer):
    """Let a customer count as another: first who the other is, then both side by side."""

    name = "customer-merge"
    path = "customers/<int:key>/merge"
    title = _("Merge")
    save_words = _("Merge")
    fields = (
        Field("into", _("Number of the customer that it is to count as"), required=True,
              characters_max=64),
        Field("sure", _("Compared"), "switch",
              hint=_("I have compared both: they are one person.")),
        Field("compared", "", "hidden", characters_max=64),
    )  # fmt: skip
    hint = _(
        "Both keep their number and their vouchers; limits, tags and the first order count them as "
        "one person. It can be undone for 30 days. What is used meanwhile stays counted for the "
        "one person, also after that."
    )

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Merge them, once somebody has seen who they are."""
        line = _one(doing.actor, key)
        try:
            other = queries.customer_line(doing.actor, doing.values["into"])
        except KaquanError as error:
            raise FormFaultError(error) from None
        if not doing.values["sure"] or doing.values["compared"] != doing.values["into"]:
            raise KaquanError(
                "merge_not_compared",
                zh=f"请先核对，再勾选“已核对”：{_told(line)} 将并入 {_told(other)}。",
                en=f"Compare first, then tick “Compared”: {_told(line)} is to count as "
                f"{_told(other)}.",
            )
        merging.merge_customers(actor=doing.actor, number=line.number, into_number=other.number)
        done = _("%(number)s counts as %(other)s now.")
        return (
            done % {"number": line.number, "other": other.number},
            CUSTOMER.address(key=key),
        )

    def _form(
        self, call: Call, key: Any, filled: Sequence[Filled], error: str = "", *, status: int = 200
    ) -> HttpResponseBase:
        """Whoever has seen both is asked whether they are one; another number begins anew."""
        if call.request.method != "POST":
            filled = [one for one in filled if one.field.name == "into"]
        typed = call.request.POST.get("into", "").strip()
        same = call.request.POST.get("compared", "") == typed
        filled = [
            Filled(one.field, typed)
            if one.field.name == "compared"
            else Filled(one.field, one.typed if same else "")
            if one.field.name == "sure"
            else one
            for one in filled
        ]
        return super()._form(call, key, filled, error, status=status)


def _told(line: queries.CustomerLine) -> str:
    parts = [line.masked_name, line.masked_phone, *line.tags[:3]]
    return f"{line.number}（{'，'.join(filter(None, parts))}）"


class RemoveIdentity(_OfCustomer):
    """An identity that was wrong or is no more."""

    name = "customer-identity-remove"
    path = "customers/<int:key>/remove-identity"
    title = _("Take an identity away")
    fields = (Field("identity", _("Identity"), "choice", required=True),)

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With those there are."""
        options = [
            (str(one.id), f"{IDENTITIES[one.kind]} {one.masked_value}")
            for one in identities.identities_of(actor, key)
        ]
        return [one.with_options(options) for one in self.fields]

    def initial_of(self, call: Call, key: Any) -> Mapping[str, Any]:
        """What was clicked on."""
        _one(call.actor, key)
        return {"identity": call.request.GET.get("identity", "")[:20]}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Take it away."""
        identities.remove_identity(
            actor=doing.actor, customer_id=key, identity_id=int(doing.values["identity"])
        )
        return _("The identity was taken away."), CUSTOMER.address(key=key)


class ShowCustomer(SecretFormScreen):
    """What is masked, in full: for a reason that is kept, on a page that is not."""

    name = "customer-show"
    path = "customers/<int:key>/show"
    title = _("Show in full")
    permission = queries.VIEW_PERSONAL
    parent = "customers"
    save_words = _("Show")
    hint = _("Who looked, when, from where and why is kept, and stands on the customer's page.")
    fields = (
        Field("field", _("What"), "choice", required=True),
        Field("reason", _("Reason"), "choice", options=list(LOOK_REASONS.items()), required=True),
        Field("note", _("Explanation"), characters_max=looks.NOTE_CHARACTERS_MAX,
              hint=_("Such as the number of the case.")),
    )  # fmt: skip

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the fields that hold something."""
        options = list(_shown_fields(actor, key).items())
        return [one.with_options(options) if one.name == "field" else one for one in self.fields]

    def initial_of(self, call: Call, key: Any) -> Mapping[str, Any]:
        """What was clicked on."""
        _one(call.actor, key)
        return {"field": call.request.GET.get("field", "")[:40]}

    def reveal(self, doing: Doing, key: int) -> Revealed:
        """It, once."""
        values = doing.values
        shown = looks.look(
            actor=doing.actor,
            customer_id=key,
            field=values["field"],
            reason=LookReason(values["reason"]),
            note=values["note"] or "",
        )
        line = _one(doing.actor, key)
        name = _shown_fields(doing.actor, key).get(values["field"], "")
        onward = [(CUSTOMER.address(key=key), _("Back to the customer"))]
        advice = _("This page hides itself after %(number)s seconds.") % {"number": HIDE_S}
        done = _("Of the customer %(number)s") % {"number": line.number}
        return Revealed(done, [Secret(name, shown)], advice, onward)

    def answer(self, call: Call, doing: Doing, key: Any) -> HttpResponseBase:
        """The page, for a while."""
        response = super().answer(call, doing, key)
        response.headers["Refresh"] = f"{HIDE_S}; url={CUSTOMER.address(key=key)}"
        return response

    def home(self, key: int) -> str:
        """The customer's page."""
        return CUSTOMER.address(key=key)


def _shown_fields(actor: Actor, key: int) -> dict[str, Text]:
    line = _one(actor, key)
    held = {"name": line.masked_name, "phone": line.masked_phone, "birthday": line.birth_month}
    found: dict[str, Text] = {name: PERSONAL_FIELDS[name] for name, value in held.items() if value}
    for one in identities.identities_of(actor, key):
        found[f"identity:{one.id}"] = f"{IDENTITIES[one.kind]} {one.masked_value}"
    return found
