"""Forms about stores: where they are, when they are open, who and what serves there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.organisations import actions, divisions, staffing
from kaquan.organisations.coordinates import read_position, written_degrees
from kaquan.organisations.hours import WeeklyHours, read_week, written_day
from kaquan.organisations.models import TerminalKind
from kaquan.organisations.queries import clerk_by_id, terminal_by_id
from kaquan.organisations.searching import written_node
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.holidays import DAYS
from kaquan.surfaces.console.screens.node_fields import NODE_HINT, node_id
from kaquan.surfaces.console.screens.organisations import EDIT, STORE, STORES
from kaquan.surfaces.console.words import TERMINAL_KINDS

_HOURS_HINT = _("Such as 09:00–12:00，14:00–21:00; empty: closed.")
_POSITION_HINT = _("GCJ-02, as Amap and Tencent maps show it, such as 31.230416.")
_PLACE = ("province_code", "city_code", "district_code")


class StoreForm(FormScreen):
    """What may be said of a store; cities follow from the province, districts from the city."""

    permission = EDIT
    parent = "stores"
    narrows = True
    fields: ClassVar[Sequence[Field]] = (
        Field("code", _("Code"), required=True, characters_max=200),
        Field("name", _("Name"), required=True),
        Field("parent", _("Belongs to"), "node", required=True, hint=_("Name, code or pinyin.")),
        Field("province_code", _("Province"), "choice", narrows=True),
        Field("city_code", _("City"), "choice", narrows=True),
        Field("district_code", _("District"), "choice"),
        Field("address", _("Address"), characters_max=200),
        Field("phone", _("Telephone"), characters_max=32),
        Field("latitude", _("Latitude"), characters_max=24, hint=_POSITION_HINT),
        Field("longitude", _("Longitude"), characters_max=24),
        *(
            Field(f"hours_{number}", words, hint=_HOURS_HINT if number == 1 else "")
            for number, words in enumerate(DAYS, 1)
        ),
    )

    def fields_of(self, call: Call, key: Any) -> Sequence[Field]:
        """With the cities and districts of what was chosen so far."""
        chosen: Mapping[str, Any] = (
            call.request.POST if call.request.method == "POST" else self.initial_of(call, key)
        )
        city = str(chosen.get("city_code") or "")
        province = str(chosen.get("province_code") or "")
        if city[:2] != province[:2]:
            city = ""
        options = {
            "province_code": divisions.provinces(),
            "city_code": divisions.cities(province),
            "district_code": divisions.districts(city),
        }
        return [
            one.with_options([(found.code, found.name) for found in options[one.name]])
            if one.name in options
            else one
            for one in self.form_fields(call.actor, key)
        ]

    @staticmethod
    def given(values: Mapping[str, Any]) -> dict[str, Any]:
        """What was filled in, as the actions take it."""
        hours = {day: values[f"hours_{day}"] or "" for day in range(1, 8)}
        week: WeeklyHours | None = read_week(hours) if any(hours.values()) else None
        return {
            "division_code": values["district_code"] or values["city_code"] or None,
            "address": values["address"] or "",
            "phone": values["phone"] or "",
            "weekly_hours": week,
            "position": read_position(values["latitude"] or "", values["longitude"] or ""),
        }


class NewStore(StoreForm):
    """A new store."""

    name = "store-new"
    path = "new-store"
    title = _("New store")

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Add it."""
        del key
        values = doing.values
        store = actions.create_store(
            actor=doing.actor,
            code=values["code"],
            name=values["name"],
            parent_id=node_id(doing.actor, values["parent"]),
            **self.given(values),
        )
        return _("The store was added."), STORE.address(key=store.pk)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return STORES.address()


class EditStore(StoreForm):
    """Other facts of a store."""

    name = "store-edit"
    path = "stores/<int:key>/edit"
    title = _("Edit the store")
    fields = (Field("name", _("Name")), *StoreForm.fields[3:])

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """A place that was brought in as words stands beside the lists, which do not know it."""
        store = STORE.subject(actor, key)
        words = " ".join(one for one in (store.province, store.city, store.district) if one)
        if store.division_code or not words:
            return self.fields
        hint = _("Now: %(place)s. It stays so unless a city is chosen.") % {"place": words}
        return [
            replace(one, hint=hint) if one.name == "province_code" else one for one in self.fields
        ]

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """As it is."""
        store = STORE.subject(actor, key)
        known = store.division_code
        district = known if known and not known.endswith("00") else ""
        hours = {f"hours_{day}": written_day(store.weekly_hours, day) for day in range(1, 8)}
        return {
            "name": store.organisation.name,
            "province_code": f"{known[:2]}0000" if known else "",
            "city_code": f"{known[:4]}00" if known else "",
            "district_code": district,
            "address": store.address,
            "phone": store.phone,
            "latitude": written_degrees(store.latitude_microdegrees),
            "longitude": written_degrees(store.longitude_microdegrees),
            **hours,
        }

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it; what says nothing leaves things as they are."""
        store = STORE.subject(doing.actor, key)
        name = doing.values["name"]
        actions.update_store(
            actor=doing.actor,
            code=store.organisation.code,
            name=name if name and name != store.organisation.name else None,
            **self.given(doing.values),
        )
        return _("The store was changed."), STORE.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return STORE.address(key=key)


def _store_tab(store_id: int, tab: str) -> str:
    return f"{reverse('console:store', kwargs={'key': store_id})}?tab={tab}"


class NewClerk(FormScreen):
    """Somebody who serves in a store."""

    name = "clerk-new"
    path = "stores/<int:key>/new-clerk"
    title = _("New clerk")
    permission = EDIT
    parent = "stores"
    fields = (
        Field("staff_no", _("Staff number"), required=True, characters_max=64),
        Field("name", _("Full name"), required=True),
    )

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """Nothing; but there must be a store."""
        STORE.subject(actor, key)
        return {}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Add them."""
        staffing.create_clerk(
            actor=doing.actor,
            staff_no=doing.values["staff_no"],
            name=doing.values["name"],
            organisation_id=key,
        )
        return _("The clerk was added."), _store_tab(key, "clerks")

    def home(self, key: int) -> str:
        """The store's clerks."""
        return _store_tab(key, "clerks")


class EditClerk(FormScreen):
    """A clerk: name, place, whether they still serve."""

    name = "clerk-edit"
    path = "clerks/<int:key>/edit"
    title = _("Edit the clerk")
    permission = EDIT
    parent = "stores"
    fields = (
        Field("name", _("Full name"), required=True),
        Field("organisation", _("Serves in"), "node", required=True, hint=NODE_HINT),
        Field("active", _("State"), "switch", hint=_("In use")),
    )

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """As they are."""
        clerk = clerk_by_id(actor, key)
        where = written_node(clerk.organisation)
        return {"name": clerk.name, "organisation": where, "active": clerk.active}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it."""
        clerk = clerk_by_id(doing.actor, key)
        changed = staffing.update_clerk(
            actor=doing.actor,
            staff_no=clerk.staff_no,
            name=doing.values["name"],
            organisation_id=node_id(doing.actor, doing.values["organisation"]),
            active=bool(doing.values["active"]),
        )
        return _("The clerk was changed."), self._there(changed.organisation_id, doing.actor)

    def _there(self, organisation_id: int, actor: Actor) -> str:
        from kaquan.organisations.queries import organisation_by_id  # noqa: PLC0415  # one use

        node = organisation_by_id(actor, organisation_id)
        if node.kind == "store":
            return _store_tab(organisation_id, "clerks")
        return reverse("console:organisation", kwargs={"key": organisation_id})

    def home(self, key: int) -> str:
        """The stores."""
        del key
        return STORES.address()


class NewTerminal(FormScreen):
    """A till, phone or scanner for a store."""

    name = "terminal-new"
    path = "stores/<int:key>/new-terminal"
    title = _("New terminal")
    permission = EDIT
    parent = "stores"
    fields = (
        Field("code", _("Code"), required=True, characters_max=64),
        Field("kind", _("Kind"), "choice", required=True, options=list(TERMINAL_KINDS.items())),
    )

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """Nothing; but there must be a store."""
        STORE.subject(actor, key)
        return {}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Register it."""
        store = STORE.subject(doing.actor, key)
        staffing.create_terminal(
            actor=doing.actor,
            code=doing.values["code"],
            store_code=store.organisation.code,
            kind=TerminalKind(doing.values["kind"]),
        )
        return _("The terminal was added."), _store_tab(key, "terminals")

    def home(self, key: int) -> str:
        """The store's terminals."""
        return _store_tab(key, "terminals")


class EditTerminal(FormScreen):
    """A terminal: what it is, where, whether it still serves."""

    name = "terminal-edit"
    path = "terminals/<int:key>/edit"
    title = _("Edit the terminal")
    permission = EDIT
    parent = "stores"
    fields = (
        Field("store", _("Store"), "node", required=True, hint=_("Name, code or pinyin.")),
        Field("kind", _("Kind"), "choice", required=True, options=list(TERMINAL_KINDS.items())),
        Field("active", _("State"), "switch", hint=_("In use")),
    )

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """As it is."""
        terminal = terminal_by_id(actor, key)
        where = written_node(terminal.store.organisation)
        return {"store": where, "kind": terminal.kind, "active": terminal.active}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it."""
        terminal = terminal_by_id(doing.actor, key)
        store_id = node_id(doing.actor, doing.values["store"]) or terminal.store_id
        store = STORE.subject(doing.actor, store_id)
        staffing.update_terminal(
            actor=doing.actor,
            code=terminal.code,
            store_code=store.organisation.code,
            kind=TerminalKind(doing.values["kind"]),
            active=bool(doing.values["active"]),
        )
        return _("The terminal was changed."), _store_tab(store.pk, "terminals")

    def home(self, key: int) -> str:
        """The stores."""
        del key
        return STORES.address()
