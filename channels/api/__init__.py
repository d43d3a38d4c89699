"""Channels' doors for programs: the webhooks of shops."""
