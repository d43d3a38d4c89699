import sys

from channels.twins.shopify.twin import ShopifyTwin
from oms.twinkit.server import main

sys.exit(main(ShopifyTwin, sys.argv[1:]))
