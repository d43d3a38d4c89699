from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "oms.core"
    label = "core"
    verbose_name = _("System")

    def ready(self) -> None:
        from oms.core import checks, lookups  # noqa: F401
        from oms.core.naming import translate_names

        translate_names()
