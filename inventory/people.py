"""The page of a person, with the places that she works in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserChangeForm

from inventory.models import Location
from oms.core.admin import UserAdmin

admin.site.unregister(User)


class PersonForm(UserChangeForm):
    places = forms.ModelMultipleChoiceField(
        Location.objects.all(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Ticked: she sees and presses only what is at these places. None ticked: all places."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["places"] = list(self.instance.places.all())


@admin.register(User)
class PersonAdmin(UserAdmin):
    form = PersonForm
    fieldsets = (*UserAdmin.fieldsets, (_("Works at"), {"fields": ("places",)}))  # type: ignore[assignment]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "places" in form.cleaned_data:
            form.instance.places.set(form.cleaned_data["places"])
