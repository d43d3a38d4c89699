"""One person per role for the demo, with passwords drawn once and kept in a file for this user alone."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

# The role, the name to log in with, and what the person is called.
PEOPLE = (
    ("clerk", "clara", "Clara Clerk"),
    ("warehouse", "walter", "Walter Warehouse"),
    ("support", "susan", "Susan Support"),
    ("manager", "maria", "Maria Manager"),
    ("read-only", "rosa", "Rosa Reader"),
    ("administrator", "admin", "Ada Administrator"),
)


def make_logins(file: Path) -> dict[str, tuple[str, str]]:
    """Make who is missing, and give each the password of the file; returns role -> (username, password)."""
    kept = json.loads(file.read_text()) if file.exists() else {}
    rows = {role: {"username": username, "password": ""} for role, username, _ in PEOPLE}
    people = get_user_model()
    for role, username, name in PEOPLE:
        password = kept.get(role, {}).get("password") or secrets.token_urlsafe(9)
        rows[role]["password"] = password
        first, _, last = name.partition(" ")
        person, _ = people.objects.get_or_create(
            username=username, defaults={"first_name": first, "last_name": last, "is_staff": True}
        )
        person.is_superuser = role == "administrator"
        if not person.check_password(password):
            person.set_password(password)
        person.save()
        if role != "administrator":
            person.groups.set(Group.objects.filter(name=role))
    _write(file, rows)
    return {role: (row["username"], row["password"]) for role, row in rows.items()}


def _write(file: Path, rows: dict[str, dict[str, str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(rows, out, indent=1)
    file.chmod(0o600)
