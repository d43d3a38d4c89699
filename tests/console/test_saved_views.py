"""Views that people keep of lists: their own, and those for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from oms.core.actions.share_view import share_view
from oms.core.actors import SYSTEM
from oms.core.console.saved import canonical
from oms.core.models import JournalEntry, SavedView

Browse = Callable[[str], Client]
pytestmark = pytest.mark.django_db

ORDERS = "admin:orders_order_changelist"


def keep(client: Client, name: str = "Big ones", query: str = "state=open", **more: str) -> Any:
    return client.post(
        reverse("console:save_view"), {"model": "orders.order", "name": name, "query": query, **more}
    )


def chips(client: Client, **query: str) -> list[str]:
    return [view.name for view in client.get(reverse(ORDERS), query).context["views"]]


def told(answer: Any) -> str:
    return " ".join(str(m) for m in get_messages(answer.wsgi_request))


def test_a_view_is_kept_and_found_again(browse: Browse) -> None:
    client = browse("clerk")
    answer = keep(client, query="q=T-1&state=open&after=xyz")
    assert answer.status_code == 302 and answer["Location"] == reverse(ORDERS) + "?q=T-1&state=open"
    page = client.get(answer["Location"])
    assert page.context["view"].name == "Big ones" and "Keep this view" not in page.content.decode()
    assert client.get(reverse(ORDERS), {"state": "open", "q": "T-1"}).context["view"].name == "Big ones"
    assert client.get(reverse(ORDERS), {"state": "open"}).context["view"] is None
    line = JournalEntry.objects.get(verb="save_view")
    assert line.actor == "user:clerk-person" and "Big ones" in line.words


def test_it_is_seen_by_its_owner_alone_unless_it_is_shared(browse: Browse) -> None:
    clerk, manager = browse("clerk"), browse("manager")
    keep(clerk, "Mine")
    keep(manager, "Ours", "state=review", shared="on")
    assert chips(clerk) == ["Mine", "Ours"]
    assert chips(manager) == chips(browse("read-only")) == ["Ours"]


def test_sharing_needs_its_permission(browse: Browse) -> None:
    clerk = browse("clerk")
    assert (
        "for everybody who sees this list"
        not in clerk.get(reverse(ORDERS), {"state": "open"}).content.decode()
    )
    assert keep(clerk, shared="on").status_code == 403
    assert not SavedView.objects.exists() and not JournalEntry.objects.filter(verb="save_view").exists()


def test_a_list_that_one_may_not_see_has_no_views(browse: Browse) -> None:
    answer = browse("read-only").post(
        reverse("console:save_view"), {"model": "core.jobrun", "name": "x", "query": "state=failed"}
    )
    assert answer.status_code == 403 and not SavedView.objects.exists()
    answer = browse("read-only").post(
        reverse("console:save_view"), {"model": "no.such", "name": "x", "query": "state=failed"}
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "  "}, "name"),
        ({"query": ""}, "whole list"),
        ({"query": "after=xyz"}, "whole list"),
        ({"query": "q=" + "x" * 1000}, "too long"),
        ({"query": "q=ada@example.com", "shared": "on"}, "searches for a person"),
    ],
)
def test_what_cannot_be_kept_is_said(browse: Browse, fields: dict[str, str], words: str) -> None:
    answer = keep(browse("manager"), **fields)
    assert answer.status_code == 302 and words in told(answer)
    assert not SavedView.objects.exists() and not JournalEntry.objects.exists()


def test_a_name_is_there_once(browse: Browse) -> None:
    clerk, manager = browse("clerk"), browse("manager")
    keep(manager, "Late", "state=review", shared="on")
    assert "already" in told(keep(clerk, "Late"))
    assert "already" in told(keep(manager, "Late"))
    assert SavedView.objects.count() == 1
    keep(clerk, "Mine")
    assert "already" not in told(keep(browse("support"), "Mine"))  # two people, two views


def test_only_so_many(browse: Browse) -> None:
    client = browse("clerk")
    for n in range(30):
        keep(client, f"View {n}", f"q=T-{n}")
    assert "delete one first" in told(keep(client, "One more", "q=T-99"))
    assert SavedView.objects.count() == 30


def change(client: Client, view: SavedView, **fields: str) -> Any:
    return client.post(reverse("console:change_view", args=[view.pk]), fields)


def test_rename_and_delete(browse: Browse) -> None:
    client = browse("clerk")
    keep(client)
    view = SavedView.objects.get()
    assert change(client, view, name="Large ones").status_code == 302
    view.refresh_from_db()
    assert view.name == "Large ones"
    keep(client, "Other", "state=review")
    assert "already" in told(change(client, view, name="Other"))
    assert change(client, view, delete="1").status_code == 302
    assert chips(client) == ["Other"]
    verbs = JournalEntry.objects.filter(subject=f"savedview:{view.pk}").order_by("id")
    assert [line.verb for line in verbs] == ["save_view", "rename_view", "forget_view"]


def test_a_view_is_shared_and_taken_back(browse: Browse) -> None:
    manager, clerk = browse("manager"), browse("clerk")
    keep(manager, "Late", "state=review")
    view = SavedView.objects.get()
    page = manager.get(reverse(ORDERS), {"state": "review"}).content.decode()
    assert 'name="share" value="yes"' in page
    assert "for everybody" in told(change(manager, view, share="yes"))
    assert chips(clerk) == ["Late"]
    assert 'name="share" value="no"' in manager.get(reverse(ORDERS), {"state": "review"}).content.decode()
    assert "manager-person alone" in told(change(manager, view, share="no"))
    assert chips(clerk) == [] and chips(manager) == ["Late"]
    change(manager, view, share="no")
    assert JournalEntry.objects.filter(verb="share_view").count() == 2, "the third press changed nothing"


def test_a_manager_takes_back_what_others_share_and_its_owner_keeps_it(
    browse: Browse, person: Callable[[str], User]
) -> None:
    clerk, manager = browse("clerk"), browse("manager")
    keep(clerk, "Mine")
    view = SavedView.objects.get()
    # Shared while she might still share, as a manager.
    share_view(view.pk, shared=True, by=SYSTEM)
    assert change(manager, view, share="no").status_code == 302
    assert chips(manager) == [] and chips(clerk) == ["Mine"]
    share_view(view.pk, shared=True, by=SYSTEM)
    assert change(clerk, view, share="no").status_code == 302 and chips(manager) == []
    before = list(SavedView.objects.values()), JournalEntry.objects.count()
    assert change(clerk, view, share="yes").status_code == 403
    assert change(manager, view, share="yes").status_code == 404
    assert (list(SavedView.objects.values()), JournalEntry.objects.count()) == before


@pytest.mark.parametrize(("query", "words"), [("q=ada@example.com", "a person"), ("state=open", "already")])
def test_what_cannot_be_shared_stays_one_s_own(browse: Browse, query: str, words: str) -> None:
    manager, clerk = browse("manager"), browse("clerk")
    keep(manager, "Late", query)
    view = SavedView.objects.get()
    keep(clerk, "Late" if words == "already" else "Other", "state=review")
    if words == "already":
        share_view(SavedView.objects.get(query="state=review").pk, shared=True, by=SYSTEM)
    before = list(SavedView.objects.values()), JournalEntry.objects.count()
    assert words in told(change(manager, view, share="yes"))
    assert (list(SavedView.objects.values()), JournalEntry.objects.count()) == before


def test_what_is_another_s_stays(browse: Browse, person: Callable[[str], User]) -> None:
    clerk, manager = browse("clerk"), browse("manager")
    keep(clerk, "Mine")
    keep(manager, "Ours", "state=review", shared="on")
    mine, ours = SavedView.objects.get(name="Mine"), SavedView.objects.get(name="Ours")
    before = list(SavedView.objects.values()), JournalEntry.objects.count()
    for fields in ({"name": "Stolen"}, {"delete": "1"}, {"share": "no"}):
        assert change(manager, mine, **fields).status_code == 404  # not even that it is there is told
        assert change(clerk, ours, **fields).status_code == 403
    assert (list(SavedView.objects.values()), JournalEntry.objects.count()) == before
    boss = person("manager")
    other = User.objects.create(username="other-manager", is_staff=True)
    other.groups.set(boss.groups.all())
    second = Client()
    second.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    assert change(second, ours, name="Everybody's").status_code == 302
    assert client_get_is_refused(clerk, mine)


def client_get_is_refused(client: Client, view: SavedView) -> bool:
    """A link in a mail deletes nothing."""
    return client.get(reverse("console:change_view", args=[view.pk])).status_code == 405


def test_it_needs_a_form_token() -> None:
    boss = User.objects.create_superuser("boss", password="x")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    assert keep(strict).status_code == 403


def test_the_same_list_is_known_however_it_is_written() -> None:
    assert (
        canonical("state=open&q=T-1&after=x&p=")
        == canonical("q=T-1&before=y&state=open")
        == "q=T-1&state=open"
    )
    assert canonical("") == canonical("after=abc") == ""
