from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.models import CharField, Func, Index, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, NullIf, Right

TELEPHONE = Right(
    Func(
        Coalesce(NullIf('phone', Value('')), KeyTextTransform('phone', 'shipping_address'), Value('')),
        Value(r'\D'), Value(''), Value('g'), function='regexp_replace', output_field=CharField(),
    ),
    9,
)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('orders', '0004_ledger'),
    ]

    operations = [
        AddIndexConcurrently('order', Index(TELEPHONE, name='order_by_telephone')),
        # Of an expression nothing is known until somebody looks: without it, a search walks all orders from the newest.
        migrations.RunSQL('ANALYZE orders_order', migrations.RunSQL.noop),
    ]
