"""At start: every channel adapter can be loaded, and has the methods that it claims."""

from __future__ import annotations

from typing import Any

from django.core import checks

from channels import adapters


@checks.register("oms")
def honest_adapters(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    return [checks.Error(words, id="oms.E004") for words in adapters.problems()]
