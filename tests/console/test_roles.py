from __future__ import annotations

import io

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from oms.roles import ROLES

APPS = ("core", "inventory", "orders", "fulfillment", "returns", "channels")


def permissions() -> set[str]:
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


@pytest.mark.django_db
def test_every_name_in_a_role_is_a_permission() -> None:
    assert set().union(*ROLES.values()) - permissions() == set()


def test_every_permission_that_a_model_declares_is_some_role_s() -> None:
    declared = {
        f"{config.label}.{codename}"
        for config in apps.get_app_configs()
        if config.label in APPS
        for model in config.get_models()
        for codename, _words in model._meta.permissions
    }
    assert len(declared) > 40
    assert declared - set().union(*ROLES.values()) == set()


def test_read_only_may_do_nothing_and_a_manager_all_that_a_clerk_may() -> None:
    assert all(name.split(".")[1].startswith("view_") for name in ROLES["read-only"])
    assert ROLES["clerk"] < ROLES["manager"]


@pytest.mark.django_db
def test_roles_are_made_exactly_and_twice_is_once() -> None:
    call_command("sync_roles", verbosity=0, stdout=io.StringIO())
    clerk = Group.objects.get(name="clerk")
    clerk.permissions.clear()
    Group.objects.create(name="our own")
    call_command("sync_roles", verbosity=0, stdout=io.StringIO())
    given = {
        f"{p.content_type.app_label}.{p.codename}" for p in clerk.permissions.select_related("content_type")
    }
    assert given == ROLES["clerk"]
    assert Group.objects.count() == len(ROLES) + 1
