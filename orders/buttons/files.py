"""Files on an order: put there, taken off."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.console import Button, Outcome
from oms.core.console.registry import Data, Ids
from orders.actions.attach_file import attach_file, most_bytes, too_large
from orders.actions.remove_files import remove_files


class FileForm(forms.Form):
    file = forms.FileField(label=_("file"), help_text=_("A PDF, a picture or a text."))

    def clean_file(self) -> Any:
        sent = self.cleaned_data["file"]
        if sent.size > most_bytes():
            raise forms.ValidationError(too_large().words)
        return sent


def _attach(ids: Ids, actor: Actor, data: Data) -> Outcome:
    sent = data["file"]
    file = attach_file(ids[0], name=sent.name or "", body=sent.read(), by=actor)
    return Outcome(gettext("%(name)s is kept on the order.") % {"name": file.name})


def _remove(ids: Ids, actor: Actor, data: Data) -> Outcome:
    done = remove_files(ids, by=actor)
    return Outcome(ngettext("%(n)s file is gone.", "%(n)s files are gone.", done) % {"n": done}, done=done)


BUTTONS = (
    Button(
        name="orders.attach_file", label=_("Attach a file"), model="orders.order", permission="orders.add_orderfile",
        run=_attach, form=lambda rows: FileForm, bulk=False, rank=82,
        words=_("For your colleagues; the customer does not see it."),
    ),
    Button(
        name="orders.remove_file", label=_("Remove"), model="orders.orderfile", permission="orders.delete_orderfile",
        run=_remove, bulk=False, dangerous=True, rank=10, words=_("It cannot be brought back."),
    ),
)  # fmt: skip
