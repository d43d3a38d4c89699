"""The bench empties its database between two workloads, so it makes sure whose that is."""

from __future__ import annotations

import sys

import pytest
from django.contrib.auth.models import User
from django.db import connection

from inventory.models import Item
from tests import build
from tests.bench import floors, world
from tests.bench.__main__ import main


@pytest.mark.django_db
def test_a_database_that_somebody_works_with_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build.item("A")
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "sold-out"])
    assert main() == 2
    assert "in use" in capsys.readouterr().err
    assert Item.objects.count() == 1 and not floors.built()


@pytest.mark.django_db
def test_what_the_bench_left_is_its_own_until_a_person_comes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build.item("A")
    floors.build()
    User.objects.create_superuser(world.CLERK)
    assert world.is_ours(marked=True)
    User.objects.create_superuser("maria")
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "sold-out"])
    assert main() == 2
    assert "in use" in capsys.readouterr().err
    assert Item.objects.count() == 1 and User.objects.count() == 2


@pytest.mark.django_db
def test_the_mark_by_which_it_knows_its_own_goes_with_it() -> None:
    assert not floors.built()
    floors.build()
    assert floors.built()
    floors.remove()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('floor')")
        assert cursor.fetchone() == (None,)
