"""Channels' doors for programs: the webhooks of shops, and what was changed there."""
