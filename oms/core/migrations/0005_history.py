from django.db import migrations

from oms.core.migrations._history import History

TABLE = 'core_journalentry'


def divide(apps, editor):
    History(editor, TABLE).divide()


def unite(apps, editor):
    History(editor, TABLE).unite()


class Migration(migrations.Migration):

    # Each of its steps ends by itself, and those that lock the table have a limit of their own.
    atomic = False
    allowed = {'rows-not-in-batches': 'no row is changed'}

    dependencies = [
        ('core', '0004_laws'),
    ]

    operations = [
        migrations.RunPython(divide, unite),
    ]
