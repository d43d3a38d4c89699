from django.db import connection, migrations, models, transaction

from oms.core.migrations._history import History

TABLE = 'inventory_stockmovement'
BATCH = 10_000

# A unique constraint of a table in partitions holds within its key, the id: that a key is used once is kept by a table
# of its own, written by the database itself with each movement, whoever writes it.
KEYS = (
    """
    CREATE TABLE IF NOT EXISTS inventory_movementkey (
        key varchar(120) NOT NULL PRIMARY KEY, movement_id bigint NOT NULL
    )
    """,
    """
    CREATE OR REPLACE FUNCTION inventory_note_keys() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO inventory_movementkey (key, movement_id) SELECT key, id FROM written;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER note_keys AFTER INSERT ON inventory_stockmovement
        REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION inventory_note_keys()
    """,
    """
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory_movementkey
        FOR EACH STATEMENT EXECUTE FUNCTION oms_append_only()
    """,
)
NO_KEYS = (
    'DROP FUNCTION inventory_note_keys()',
    'DROP TABLE inventory_movementkey',
    'ALTER TABLE inventory_stockmovement ADD CONSTRAINT inventory_stockmovement_key_key UNIQUE (key)',
)


def divide(apps, editor):
    History(editor, TABLE).divide(first=KEYS, fill=note_old_keys, last=unique_no_more)


def note_old_keys():
    """Those written before the trigger was there. No row is locked: they never change."""
    done = -1
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f'WITH part AS (SELECT id, key FROM {TABLE} WHERE id > %s ORDER BY id LIMIT %s), noted AS ('
                ' INSERT INTO inventory_movementkey (key, movement_id) SELECT key, id FROM part'
                ' ON CONFLICT DO NOTHING)'
                ' SELECT max(id) FROM part',
                [done, BATCH],
            )
            (done,) = cursor.fetchone()
        if done is None:
            return


def unique_no_more():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisunique FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_attribute a"
            " ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = %s::regclass AND a.attname = 'key'",
            [TABLE],
        )
        return [
            f'ALTER TABLE {TABLE} DROP CONSTRAINT "{name}"' if unique else f'DROP INDEX "{name}"'
            for name, unique in cursor.fetchall()
        ]


def unite(apps, editor):
    movement = apps.get_model('inventory', 'StockMovement')
    like = editor._create_like_index_sql(movement, movement._meta.get_field('key'))
    History(editor, TABLE).unite(
        first=['DROP TRIGGER note_keys ON inventory_stockmovement_from_0'], then=[*NO_KEYS, str(like)],
    )


class Migration(migrations.Migration):

    # Each of its steps ends by itself, and those that lock the table have a limit of their own.
    atomic = False
    allowed = {'rows-not-in-batches': 'no row is changed; the keys are noted in batches by note_old_keys'}

    dependencies = [
        ('core', '0005_history'),
        ('inventory', '0005_rows'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(divide, unite)],
            state_operations=[
                migrations.CreateModel(
                    name='MovementKey',
                    fields=[
                        ('key', models.CharField(max_length=120, primary_key=True, serialize=False)),
                        ('movement_id', models.BigIntegerField()),
                    ],
                    options={'verbose_name': 'movement key', 'default_permissions': ()},
                ),
                migrations.AlterField(
                    model_name='stockmovement', name='key', field=models.CharField(max_length=120),
                ),
            ],
        ),
    ]
