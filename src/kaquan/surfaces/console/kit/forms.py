"""A form that adds something or changes it; what was typed stays when it is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase

from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.surfaces.console.kit.actions import Doing, name_in, new_name, way_back
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, Filled, read_all, typed_of
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words


class FormScreen(Screen):
    """A screen with a form."""

    fields: ClassVar[Sequence[Field]]
    hint: ClassVar[Text] = ""
    save_words: ClassVar[Text] = ""
    beside: ClassVar[str] = ""
    """The template of what stands beside the form."""

    narrows: ClassVar[bool] = False
    """Some choices depend on others: the form can come back with other lists, nothing saved."""

    def fields_of(self, call: Call, key: Any) -> Sequence[Field]:
        """The fields for what was typed so far, where their options depend on it."""
        return self.form_fields(call.actor, key)

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """The fields; with options of the actor's own where one needs them."""
        del actor, key
        return self.fields

    def initial(self, actor: Actor, key: Any) -> Mapping[str, Any]:
        """The values before anyone has typed; raises ``…_unknown``."""
        del actor, key
        return {}

    def initial_of(self, call: Call, key: Any) -> Mapping[str, Any]:
        """The same, for a form that takes values from its address too."""
        return self.initial(call.actor, key)

    def hint_of(self, call: Call, key: Any) -> Text:
        """What stands above the form; for one that names what it is about."""
        del call, key
        return self.hint

    def beside_of(self, key: Any) -> Mapping[str, Any]:
        """What the template beside the form shows."""
        del key
        return {}

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Do it; what was done, and where to go. Raises what the action raises."""
        raise NotImplementedError

    def home(self, key: Any) -> str:
        """Where someone goes who gives up."""
        raise NotImplementedError

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The form; or, for POST, what came of it."""
        name = key.get("key")
        fields = self.fields_of(call, name)
        initial = self.initial_of(call, name)
        if call.request.method != "POST":
            filled = [Filled(one, typed_of(initial.get(one.name))) for one in fields]
            return self._form(call, name, filled)
        values, filled = read_all(fields, call.request.POST, call.request.FILES)
        if self.narrows and "narrow" in call.request.POST:
            return self._form(call, name, [replace(one, error="") for one in filled])
        if any(one.error for one in filled):
            return self._form(call, name, filled, status=422)
        try:
            return self.answer(call, Doing(call.actor, values, name_in(call.request)), name)
        except KaquanError as error:
            if error.exit_code is ExitCode.PERMISSION_DENIED or error.code.endswith("_unknown"):
                raise
            return self._form(call, name, filled, in_words(error), status=409)

    def answer(self, call: Call, doing: Doing, key: Any) -> HttpResponseBase:
        """Do it and go on; raises what the action raises."""
        done, there = self.save(doing, key)
        messages.success(call.request, str(done))
        return HttpResponseRedirect(there)

    def _form(
        self, call: Call, key: Any, filled: Sequence[Filled], error: str = "", *, status: int = 200
    ) -> HttpResponseBase:
        context = {
            "filled": filled,
            "error": error,
            "has_fault": any(one.error for one in filled),
            "hint": self.hint_of(call, key),
            "back": way_back(call.request, self.home(key)),
            "once": new_name(),
            "save_words": self.save_words,
            **self.beside_of(key),
        }
        return self.page(call, "console/form.html", context, status=status)
