"""Each unit of a line is counted on five or six times: a page that keeps room for that rewrites the row in place
(PostgreSQL's HOT), instead of a new row and a new entry in each of nine indexes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE orders_orderline SET (fillfactor = 60)",
            reverse_sql="ALTER TABLE orders_orderline RESET (fillfactor)",
        )
    ]
