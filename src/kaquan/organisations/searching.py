"""Finding nodes of the tree by their names, codes or the sounds of their names."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models.functions import Length

from kaquan.foundation import pinyin
from kaquan.foundation.actor import Actor
from kaquan.organisations.errors import organisation_ambiguous, organisation_unknown
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import within

FOUND_MAX = 20
_BRACKETS = ("（", "）")


def search_text_of(name: str, code: str) -> str:
    """What a search for a node looks through."""
    return f"{name} {code} {pinyin.sounds(name)} {pinyin.initials(name)}".lower()


def written_node(organisation: Organisation) -> str:
    """A node as forms write it: name and code, so that no two look alike."""
    return f"{organisation.name}{_BRACKETS[0]}{organisation.code}{_BRACKETS[1]}"


def nodes_found(actor: Actor, words: str, *, limit: int = FOUND_MAX) -> Sequence[Organisation]:
    """Nodes of the actor's part that every word stands in, the upper ones first."""
    rows = within(actor, Organisation.objects.select_related("parent"), "")
    for word in words.lower().split()[:5]:
        rows = rows.filter(search_text__contains=word)
    return list(rows.order_by(Length("path"), "path")[: min(limit, FOUND_MAX)])


def node_named(actor: Actor, text: str) -> Organisation:
    """The node that somebody typed: its code, as `written_node` writes it, or the only one of its
    name. Raises `organisation_unknown`, `organisation_ambiguous`."""
    text = text.strip()
    code = text
    if text.endswith(_BRACKETS[1]) and _BRACKETS[0] in text:
        code = text.removesuffix(_BRACKETS[1]).rpartition(_BRACKETS[0])[2]
    rows = within(actor, Organisation.objects.all(), "")
    found = rows.filter(code=code).first()
    if found is not None:
        return found
    named = list(rows.filter(name=text).order_by("path")[:2])
    if len(named) > 1:
        raise organisation_ambiguous(text[:100])
    if not named:
        raise organisation_unknown(text[:100])
    return named[0]
