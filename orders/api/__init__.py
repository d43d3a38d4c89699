"""Orders' doors for programs."""
