"""A person at the console: opens a button's page, fills in the form as the browser shows it, presses."""

from __future__ import annotations

import io
import uuid
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.test import Client
from django.urls import reverse


class Hand:
    """``Hand("support").press("returns.approve", rma)``; answers are kept in ``answer``, in words in ``told``."""

    def __init__(self, role: str) -> None:
        call_command("sync_roles", stdout=io.StringIO())
        self.user, _ = User.objects.get_or_create(username=f"{role}-hand", defaults={"is_staff": True})
        self.user.groups.set([Group.objects.get(name=role)])
        self.client = Client()
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        self.answer: Any = None

    def look(self, name: str, *rows: Any) -> Any:
        """The page that asks."""
        self.answer = self.client.get(
            reverse("console:press", args=[name]), {"ids": ",".join(str(row.pk) for row in rows)}
        )
        return self.answer

    def press(self, name: str, /, *rows: Any, step: str = "", **typed: Any) -> int:
        """Open the page, change what is ``typed``, and press; answers with the status: 302 done, 409 refused,
        422 typed wrong, 403 not allowed."""
        page = self.look(name, *rows)
        if page.status_code != 200:
            return int(page.status_code)
        return self.send(name, *rows, step=step, **self.filled(name, page, **typed))

    def filled(self, name: str, page: Any, /, **typed: Any) -> dict[str, Any]:
        """What the browser would send of this page: what its form has in it, with what is ``typed``."""
        form = page.context["form"]
        data: dict[str, Any] = {}
        for field in form or ():
            value = field.value()
            if value not in (None, False, ""):
                data[field.html_name] = "on" if value is True else value
        unknown = set(typed) - set(form.fields if form else ())
        assert not unknown, f"{name} does not ask for {unknown}"
        data.update({k: v for k, v in typed.items() if v is not None})
        for key in [k for k, v in typed.items() if v is None]:
            data.pop(key, None)
        return data

    def send(self, name: str, /, *rows: Any, step: str = "", **data: Any) -> int:
        """The press alone, without the page that asks."""
        self.answer = self.client.post(
            reverse("console:press", args=[name]),
            {**data, "ids": ",".join(str(row.pk) for row in rows), "press": uuid.uuid4().hex,
             **({"step": step} if step else {})},
        )  # fmt: skip
        return int(self.answer.status_code)

    def preview(self, name: str, /, *rows: Any, **typed: Any) -> Any:
        """What it says it would do; ``None`` where it refuses."""
        self.press(name, *rows, step="preview", **typed)
        return self.answer.context["preview"]

    @property
    def told(self) -> str:
        """What the person reads: the message after a press, or the page's reasons."""
        if self.answer.status_code == 302:
            return " ".join(str(m) for m in get_messages(self.answer.wsgi_request))
        return str(self.answer.content.decode())

    def offers(self, row: Any) -> dict[str, str]:
        """The buttons on the row's page, with why they are greyed (empty: they can be pressed)."""
        meta = row._meta
        page = self.client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk]))
        assert page.status_code == 200, page
        return {offer.button.name: offer.why_not for offer in page.context["object"].offers}
