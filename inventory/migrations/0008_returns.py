from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0007_dock'),
    ]

    operations = [
        migrations.AlterField(
            model_name='stockmovement',
            name='reason',
            field=models.CharField(choices=[('opening', 'opening count'), ('receipt', 'goods received'), ('shipment', 'shipped'), ('return', 'returned'), ('other_item', 'came back instead of another'), ('adjustment', 'adjusted'), ('quarantine', 'set aside'), ('restock', 'back for sale'), ('write_off', 'written off'), ('to_supplier', 'sent back to the supplier'), ('to_customer', 'sent back to the customer'), ('shortage', 'not found when picking')], max_length=12),
        ),
    ]
