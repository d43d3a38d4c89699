from django.db import migrations

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
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON core_journalentry
    FOR EACH STATEMENT EXECUTE FUNCTION oms_append_only()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0002_console_indexes'),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, 'DROP FUNCTION oms_append_only()'),
        migrations.RunSQL(TRIGGER, 'DROP TRIGGER append_only ON core_journalentry'),
    ]
