"""What is done to a customer with one question: tags, notes, consents, identities, undoing."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kaquan.customers import actions, erasing, identities, merging, profile
from kaquan.customers.models import IdentityKind, Purpose
from kaquan.customers.queries import CustomerLine
from kaquan.foundation import clock
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.screens.customer_words import IDENTITIES, PURPOSES

EDIT = actions.PERMISSION
_TAGS = Field(
    "tags",
    _("Tags"),
    required=True,
    characters_max=500,
    hint=_("Several with commas between them."),
)


def _lives(line: CustomerLine) -> bool:
    return line.erased_at is None


def names_in(typed: str | None) -> list[str]:
    """Names with commas between them, as people write commas."""
    plain = (typed or "").translate(dict.fromkeys(map(ord, "，、；;|"), ","))
    return [one.strip() for one in plain.split(",") if one.strip()]


def _tag(line: CustomerLine, doing: Doing) -> Text:
    actions.tag_customer(actor=doing.actor, customer_id=line.id, add=names_in(doing.values["tags"]))
    return _("The tags of %(number)s were changed.") % {"number": line.number}


def _untag(line: CustomerLine, doing: Doing) -> Text:
    actions.tag_customer(
        actor=doing.actor, customer_id=line.id, remove=names_in(doing.values["tags"])
    )
    return _("The tags of %(number)s were changed.") % {"number": line.number}


def _note(line: CustomerLine, doing: Doing) -> Text:
    profile.add_note(actor=doing.actor, customer_id=line.id, text=doing.values["text"])
    return _("The note was kept.")


def _consent(line: CustomerLine, doing: Doing) -> Text:
    values = doing.values
    profile.record_consent(
        actor=doing.actor,
        customer_id=line.id,
        purpose=Purpose(values["purpose"]),
        given=values["given"] == "yes",
        source=values["source"],
        text_version=values["text_version"],
    )
    return _("The consent was kept.")


def _identity(line: CustomerLine, doing: Doing) -> Text:
    identities.add_identity(
        actor=doing.actor,
        customer_id=line.id,
        kind=IdentityKind(doing.values["kind"]),
        value=doing.values["value"],
    )
    return _("The identity was added.")


def _unmerge(line: CustomerLine, doing: Doing) -> Text:
    merging.unmerge_customer(actor=doing.actor, number=line.number)
    return _("%(number)s is a customer of its own again.") % {"number": line.number}


def _ask_erasure(line: CustomerLine, doing: Doing) -> Text:
    erasing.request_erasure(actor=doing.actor, number=line.number, at=clock.now())
    return _("The request was noted. It is carried out under “Erasure requests”.")


CUSTOMER_ACTIONS: tuple[Action[CustomerLine], ...] = (
    Action(
        "note",
        _("Write a note"),
        EDIT,
        lambda one: _("A note about the customer %(number)s") % {"number": one.number},
        _note,
        fields=(Field("text", _("Note"), "long_text", required=True,
                      characters_max=profile.NOTE_CHARACTERS_MAX),),
        offered=_lives,
        consequence=_("A note is never changed afterwards; it carries your name."),
    ),
    Action(
        "tag",
        _("Add tags"),
        EDIT,
        lambda one: _("Add tags to the customer %(number)s") % {"number": one.number},
        _tag,
        fields=(_TAGS,),
        bulk=True,
        offered=_lives,
    ),
    Action(
        "untag",
        _("Take tags away"),
        EDIT,
        lambda one: _("Take tags of the customer %(number)s away") % {"number": one.number},
        _untag,
        fields=(_TAGS,),
        bulk=True,
        offered=_lives,
    ),
    Action(
        "consent",
        _("Record a consent"),
        EDIT,
        lambda one: _("What the customer %(number)s agrees to") % {"number": one.number},
        _consent,
        fields=(
            Field("purpose", _("Purpose"), "choice", options=list(PURPOSES.items()), required=True),
            Field("given", _("The customer"), "choice", required=True,
                  options=[("yes", _("agrees")), ("no", _("takes it back"))]),
            Field("source", _("Where and how"), required=True, characters_max=64,
                  hint=_("Such as: store, app, telephone")),
            Field("text_version", _("Version of the text shown"), required=True,
                  characters_max=64, hint=_("Such as: privacy-2026-06")),
        ),
        offered=_lives,
        consequence=_("Both are kept for good, as evidence."),
    ),
    Action(
        "identity",
        _("Add an identity"),
        EDIT,
        lambda one: _("What else the customer %(number)s is known by") % {"number": one.number},
        _identity,
        fields=(
            Field("kind", _("Kind"), "choice", options=list(IDENTITIES.items()), required=True),
            Field("value", _("Identity"), required=True,
                  characters_max=identities.VALUE_CHARACTERS_MAX),
        ),
        offered=_lives,
        consequence=_("It is kept sealed and shown masked."),
    ),
    Action(
        "unmerge",
        _("Undo the merge"),
        EDIT,
        lambda one: _("Let %(number)s be a customer of its own again, and not %(other)s?")
        % {"number": one.number, "other": one.merged_into or ""},
        _unmerge,
        danger=True,
        offered=lambda one: one.merged_into is not None
        and merging.is_undone_in_time(one.merged_at, clock.now()),
        consequence=_(
            "Tags, first order and person are each one's own again. What was used in the meantime "
            "stays counted for the one person: no limit is given back."
        ),
    ),
    Action(
        "request-erasure",
        _("Request erasure"),
        EDIT,
        lambda one: _("Does the customer %(number)s want to be forgotten?")
        % {"number": one.number},
        _ask_erasure,
        offered=_lives,
        consequence=_(
            "Nothing is erased yet. Make sure first that it is this customer who asks, for example "
            "by a code sent to the number on file."
        ),
    ),
)  # fmt: skip
