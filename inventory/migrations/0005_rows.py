from django.db import migrations, models

STOP = """
UPDATE inventory_location SET ships = false WHERE ships AND type IN ('supplier', 'transit', 'virtual')
"""


class Migration(migrations.Migration):

    allowed = {
        'rows-in-one-transaction': 'a shop has a few dozen places, and the check needs them right',
        'constraint-missing-not-valid': 'a few dozen rows are read while the table is locked',
    }

    dependencies = [
        ('inventory', '0004_adjust_limit'),
    ]

    operations = [
        migrations.RunSQL(STOP, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='location',
            constraint=models.CheckConstraint(
                condition=models.Q(('ships', False), models.Q(('type__in', ['supplier', 'transit', 'virtual']), _negated=True), _connector='OR'),
                name='location_ships_by_type',
                violation_error_message='A supplier’s, an in-transit or a virtual place sends no orders: untick “ships orders”, or choose another type.',
            ),
        ),
    ]
