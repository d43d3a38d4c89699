"""Serve the carrier until stopped."""

from fulfillment.twins.easypost import EasyPost
from oms.twinkit.server import main

if __name__ == "__main__":
    raise SystemExit(main(EasyPost))
