"""``python -m channels.twins.woocommerce --port N --store PATH --name shop``."""

import sys

from channels.twins.woocommerce.twin import WooCommerce
from oms.twinkit.server import main

sys.exit(main(WooCommerce))
