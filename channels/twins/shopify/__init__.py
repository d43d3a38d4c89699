"""A simulated Shopify shop: Admin GraphQL 2026-07 executed against a schema, signed webhooks, a shopper's side.

``python -m channels.twins.shopify --port N --store PATH --name shop``. It shares no code with the adapter.
"""
