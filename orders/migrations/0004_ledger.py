from django.db import migrations

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON orders_paymenttransaction
    FOR EACH STATEMENT EXECUTE FUNCTION oms_append_only()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_ledger'),
        ('orders', '0003_goods'),
    ]

    operations = [
        migrations.RunSQL(TRIGGER, 'DROP TRIGGER append_only ON orders_paymenttransaction'),
    ]
