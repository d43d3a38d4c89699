"""Names of our models and fields are said in the reader's language."""

from __future__ import annotations

from django.apps import apps
from django.utils.translation import gettext_lazy as _

OURS = frozenset({"core", "inventory", "orders", "fulfillment", "returns", "channels"})


def translate_names() -> None:
    """Django makes a name from the code's own where none was given, and says it as it is ("placed at"). Here it
    becomes a lazy one; ``oms.core.names`` lists them for translators. Migrations look at what was given, so that
    nothing changes for them."""
    for model in apps.get_models():
        opts = model._meta
        if opts.app_label not in OURS:
            continue
        for name in ("verbose_name", "verbose_name_plural"):
            if name not in opts.original_attrs:
                setattr(opts, name, _(str(getattr(opts, name))))
        for field in (*opts.local_fields, *opts.local_many_to_many):
            if field._verbose_name is None:  # type: ignore[attr-defined]
                field.verbose_name = _(str(field.verbose_name))
