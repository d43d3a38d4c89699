"""Returns' doors for programs."""
