"""The ground of ``/api/v1/``: one way in, one error envelope, one answer per idempotency key, one way to page.

An app's ``api`` stands on ``doors.py``; everything else here is what those doors are made of.
"""
