"""A WooCommerce shop that sells, keeps its own stock and speaks REST v3 as a real one does.

Written against WooCommerce 9.8 and WordPress 6.7. It imports nothing of the project but the twin kit and
shares no code with the adapter.
"""
