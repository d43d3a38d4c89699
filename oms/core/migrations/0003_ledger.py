import django.utils.timezone
from django.db import migrations, models

# Once a statement, not once a row, and never on INSERT: the hot path pays nothing.
FUNCTION = """
CREATE FUNCTION oms_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' AND current_setting('oms.may_erase', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME,
              HINT = 'What was wrong is set right by a further row.';
END $$
"""
TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {}
    FOR EACH STATEMENT EXECUTE FUNCTION oms_append_only()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_console'),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, 'DROP FUNCTION oms_append_only()'),
        migrations.RunSQL(TRIGGER.format('core_journalentry'), 'DROP TRIGGER append_only ON core_journalentry'),
        migrations.CreateModel(
            name='LedgerMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ledger', models.CharField(max_length=20, unique=True)),
                ('last_id', models.BigIntegerField()),
                ('following', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ledger', models.CharField(max_length=20)),
                ('form', models.PositiveSmallIntegerField(default=1)),
                ('first_id', models.BigIntegerField()),
                ('last_id', models.BigIntegerField()),
                ('rows', models.PositiveIntegerField()),
                ('digest', models.BinaryField(max_length=32)),
                ('at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('ledger', 'first_id'), name='seal_once'), models.UniqueConstraint(fields=('ledger', 'last_id'), name='seal_ends_once'), models.CheckConstraint(condition=models.Q(('last_id__gte', models.F('first_id'))), name='seal_of_something')],
            },
        ),
        migrations.RunSQL(TRIGGER.format('core_seal'), 'DROP TRIGGER append_only ON core_seal'),
    ]
