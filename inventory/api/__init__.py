"""Inventory's doors for programs."""
