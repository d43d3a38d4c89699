from django.db import migrations

from oms.core.migrations._history import History


def divide(apps, editor):
    for table in ('core_journalentry',):
        History(editor, table).divide()


def unite(apps, editor):
    for table in ('core_journalentry',):
        History(editor, table).unite()


class Migration(migrations.Migration):

    # Each of its steps ends by itself, and those that lock the table have a limit of their own.
    atomic = False

    dependencies = [
        ('core', '0004_laws'),
    ]

    operations = [
        migrations.RunPython(divide, unite),
    ]
