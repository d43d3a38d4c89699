"""At start: every carrier can be loaded, and has the methods that it claims."""

from __future__ import annotations

from typing import Any

from django.core import checks

from fulfillment import carriers


@checks.register("oms")
def honest_carriers(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    return [checks.Error(words, id="oms.E005") for words in carriers.problems()]
