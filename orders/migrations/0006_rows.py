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
        ('orders', '0005_changes'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='hold',
            options={'permissions': [('release_payment_pending_hold', 'Can release a hold: not paid yet'), ('release_fraud_risk_hold', 'Can release a hold: looks risky'), ('release_address_invalid_hold', 'Can release a hold: the address cannot be delivered to'), ('release_unmapped_sku_hold', 'Can release a hold: an item of the shop is unknown here'), ('release_total_mismatch_hold', 'Can release a hold: the amounts do not add up'), ('release_duplicate_suspect_hold', 'Can release a hold: looks like a duplicate'), ('release_anomaly_hold', 'Can release a hold: looks like a slip'), ('release_out_of_stock_hold', 'Can release a hold: not in stock'), ('release_customer_request_hold', 'Can release a hold: the customer asked to wait'), ('release_manual_hold', 'Can release a hold: held by hand'), ('release_scheduled_until_hold', 'Can release a hold: not to be sent before its date'), ('release_channel_incomplete_hold', 'Can release a hold: the channel has not told everything yet'), ('release_chargeback_hold', "Can release a hold: the customer's bank disputes the payment"), ('release_changed_at_shop_hold', 'Can release a hold: changed at the shop after the work began')]},
        ),
        AddIndexConcurrently('order', Index(TELEPHONE, name='order_by_telephone')),
        # Of an expression nothing is known until somebody looks: without it, a search walks all orders from the newest.
        migrations.RunSQL('ANALYZE orders_order', migrations.RunSQL.noop),
    ]
