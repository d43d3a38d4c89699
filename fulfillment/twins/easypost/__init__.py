"""A carrier after the contract of EasyPost API v2. ``python -m fulfillment.twins.easypost --help``."""

from fulfillment.twins.easypost.twin import EasyPost

__all__ = ["EasyPost"]
