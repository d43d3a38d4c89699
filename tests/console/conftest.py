"""A small shop in every state, built by actions, and a person of every role."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from tests.console.world import World, make


@pytest.fixture
def roles(db: None) -> None:
    call_command("sync_roles", stdout=io.StringIO())


@pytest.fixture
def person(roles: None) -> Callable[[str], User]:
    """A person of a role: ``person("clerk")``."""

    def make(role: str) -> User:
        user, made = User.objects.get_or_create(username=f"{role}-person", defaults={"is_staff": True})
        if made:
            user.groups.set([Group.objects.get(name=role)])
        return user

    return make


@pytest.fixture
def browse(person: Callable[[str], User]) -> Callable[[str], Client]:
    """A logged-in client of a role."""

    def make(role: str) -> Client:
        client = Client()
        client.force_login(person(role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


@pytest.fixture
def world(transactional_db: None) -> World:
    return make()
