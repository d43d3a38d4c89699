from django.db import migrations

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory_stockmovement
    FOR EACH STATEMENT EXECUTE FUNCTION oms_append_only()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_ledger'),
        ('inventory', '0003_dock'),
    ]

    operations = [
        migrations.RunSQL(TRIGGER, 'DROP TRIGGER append_only ON inventory_stockmovement'),
    ]
