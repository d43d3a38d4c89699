"""Fulfillment's doors for programs."""
