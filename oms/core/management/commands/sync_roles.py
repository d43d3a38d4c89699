"""Bring the roles of oms/roles.py into the database."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from oms.roles import ROLES


class Command(BaseCommand):
    help = "Make the roles of oms/roles.py, each with exactly its permissions. Other groups are left alone."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        known = {
            f"{app}.{codename}": pk
            for pk, app, codename in Permission.objects.values_list(
                "pk", "content_type__app_label", "codename"
            )
        }
        missing = sorted(set().union(*ROLES.values()) - known.keys())
        if missing:
            raise CommandError(f"There is no permission called {', '.join(missing)}: migrate first.")
        for name, permissions in ROLES.items():
            group, _made = Group.objects.get_or_create(name=name)
            group.permissions.set([known[permission] for permission in permissions])
            self.stdout.write(f"{name}: {len(permissions)} permissions")
