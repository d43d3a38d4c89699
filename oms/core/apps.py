from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "oms.core"
    label = "core"
    verbose_name = "System"

    def ready(self) -> None:
        from oms.core import checks, lookups  # noqa: F401
