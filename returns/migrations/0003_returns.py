import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

KNOWN = """
ALTER TABLE returns_returnline ADD CONSTRAINT returns_returnline_instead_of_fk
    FOREIGN KEY (instead_of_id) REFERENCES returns_returnline (id) DEFERRABLE INITIALLY DEFERRED NOT VALID
"""
UNKNOWN = "ALTER TABLE returns_returnline DROP CONSTRAINT returns_returnline_instead_of_fk"


class Migration(migrations.Migration):
    """Another item may come back than the one that was sold. The checks are only made wider, and the new column is
    empty: no row that is there can break them, so nothing is read to validate them."""

    allowed = {'ban-drop-constraint': 'each comes back in the same moment, only wider'}

    dependencies = [
        ('inventory', '0008_returns'),
        ('returns', '0002_goods'),
    ]

    operations = [
        migrations.AddField(
            model_name='returnline',
            name='instead_of',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, help_text='The line of which this came instead.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='came_instead', to='returns.returnline'),
        ),
        migrations.RunSQL(KNOWN, UNKNOWN),
        migrations.AlterField(
            model_name='returnline',
            name='item',
            field=models.ForeignKey(blank=True, help_text='What came without papers, or instead of what was sold.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='return_lines', to='inventory.item'),
        ),
        migrations.AlterField(
            model_name='returnline',
            name='reception',
            field=models.CharField(choices=[('awaiting', 'awaited'), ('partly', 'partly here'), ('wrong_item', 'another item came'), ('received', 'here'), ('short', 'fewer than announced'), ('not_sent', 'keeps it')], default='awaiting', max_length=50),
        ),
        migrations.RemoveConstraint(model_name='returnline', name='return_line_of_something'),
        AddConstraintNotValid(
            model_name='returnline',
            constraint=models.CheckConstraint(
                condition=Q(('order_line__isnull', False), ('item__isnull', False), ('instead_of__isnull', False), _connector='OR'),
                name='return_line_of_something',
            ),
        ),
        AddConstraintNotValid(
            model_name='returnline',
            constraint=models.CheckConstraint(
                condition=Q(('instead_of__isnull', True), ('order_line__isnull', True), _connector='OR'),
                name='return_line_not_sold',
            ),
        ),
        migrations.RemoveConstraint(model_name='returnline', name='return_line_reception'),
        AddConstraintNotValid(
            model_name='returnline',
            constraint=models.CheckConstraint(
                condition=Q(('reception__in', ['awaiting', 'partly', 'wrong_item', 'received', 'short', 'not_sent'])),
                name='return_line_reception',
            ),
        ),
    ]
