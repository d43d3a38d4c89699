import django.db.models.deletion
from django.db import migrations, models

INDEX = 'inventory_stockmovement_item_id_dc9becf8'


class Migration(migrations.Migration):
    allowed = {
        'require-concurrent-index-deletion': 'the movements lie in partitions, which know no other way; it takes a moment',
    }

    dependencies = [
        ('inventory', '0009_keys'),
    ]

    operations = [
        migrations.RunSQL(
            f'DROP INDEX IF EXISTS {INDEX}',
            f'CREATE INDEX IF NOT EXISTS {INDEX} ON inventory_stockmovement (item_id)',
            state_operations=[
                migrations.AlterField(
                    model_name='stockmovement',
                    name='item',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='inventory.item'),
                ),
            ],
        ),
    ]
