"""Every setting of the system. Values come from the environment through ``oms.env``; nothing exists
"only in production". ``docs/reference/settings.md`` says what each is for."""

from __future__ import annotations

import os
from pathlib import Path

from celery.schedules import crontab  # noqa: F401  (kept for operators' own overrides)
from django.conf.locale import LANG_INFO
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from oms import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("OMS_DATA_DIR", str(BASE_DIR / "var")))

DEBUG = env.flag("DEBUG", False)
# Without a key of one's own sessions end at each restart, and the deploy check complains.
SECRET_KEY = env.secret("SECRET_KEY", "insecure-" + os.urandom(32).hex())
# Encrypts channel and carrier credentials at rest; several keys, newest first, let one be replaced.
FIELD_KEYS = [key.strip() for key in env.secret("OMS_FIELD_KEY", "").split(",") if key.strip()]
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
HTTPS = env.flag("HTTPS", False)
BASE_URL = env.text("OMS_BASE_URL", "http://127.0.0.1:8000").rstrip("/")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_fsm",
    "axes",
    "oms.core",
    "inventory",
    "orders",
    "fulfillment",
    "returns",
    "channels",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "oms.core.timezones.PersonTimeZone",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "oms.urls"
WSGI_APPLICATION = "oms.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.database("DATABASE_URL", "postgres:///oms?host=/var/run/postgresql")}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
_given: dict[str, str] = DATABASES["default"]["OPTIONS"]  # type: ignore[assignment]
# No door leads to the database without these limits; what the address itself asks for comes after them.
_limits = (
    f"-c statement_timeout={env.number('DATABASE_STATEMENT_TIMEOUT_MS', 60000, least=0)}"
    f" -c lock_timeout={env.number('DATABASE_LOCK_TIMEOUT_MS', 15000, least=0)}"
    " -c idle_in_transaction_session_timeout=120000"
)
DATABASES["default"]["OPTIONS"] = {
    # From the second time on, a hand-written statement is prepared (oms/core/statements.py). A pooler that gives each
    # transaction another connection and does not know of prepared statements needs this off.
    "prepare_threshold": 1 if env.flag("DATABASE_PREPARE", True) else None,
    # A connection that nobody needed for two minutes is closed: each is a process of PostgreSQL's with memory of its own.
    "pool": {
        "min_size": 1,
        "max_size": env.number("DATABASE_POOL", 12, least=2),
        "timeout": 20,
        "max_idle": 120.0,
    },
    **_given,
    "options": f"{_limits} {_given.get('options', '')}".strip(),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_COOKIE_AGE = 12 * 60 * 60
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = env.text("LANGUAGE_CODE", "en-gb")
# What people may choose from: by hand in the menu of the person, else as the browser asks for.
LANGUAGES = [
    (code, LANG_INFO.get(code, {}).get("name_local", code))
    for code in dict.fromkeys([LANGUAGE_CODE, *env.words("OMS_LANGUAGES")])
]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
# The zone a person sees unless she chose her own; everything is stored in UTC.
TIME_ZONE = env.text("TIME_ZONE", "Europe/London")

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "oms.core.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["oms.core.tokens.HasScope"],
    "DEFAULT_PAGINATION_CLASS": "oms.core.api.paging.NewestFirst",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "oms.core.api.schema.Schema",
    "EXCEPTION_HANDLER": "oms.core.api.errors.envelope",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"api": "1200/min", "webhooks": "6000/min", "portal": "60/min"},
    "COERCE_DECIMAL_TO_STRING": True,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Order management",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "OrderState": "orders.lifecycle.OrderState",
        "HoldState": "orders.lifecycle.HoldState",
        "RefundState": "orders.lifecycle.RefundState",
        "ReservationState": "inventory.lifecycle.ReservationState",
        "WorkState": "fulfillment.lifecycle.WorkState",
        "ParcelState": "fulfillment.lifecycle.ParcelState",
        "LabelState": "fulfillment.lifecycle.LabelState",
        "ReturnState": "returns.lifecycle.ReturnState",
        "MovementReason": "inventory.models.StockMovement.Reason",
        "AdjustmentReason": "inventory.models.StockAdjustment.Reason",
        "LineKind": "orders.models.OrderLine.Kind",
        "ChargeKind": "orders.api.asks.CHARGES",
        "PaymentKind": "orders.api.asks.PAYMENTS",
        "PaymentStatus": "orders.api.asks.STATUSES",
        "EnteredPaymentKind": "orders.actions.enter_payments.KINDS",
        "DispositionKind": "returns.models.Disposition.Kind",
    },
}

BROKER_URL = env.text("BROKER_URL", "redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = BROKER_URL
# Two systems that share a broker need a queue each.
CELERY_TASK_DEFAULT_QUEUE = env.text("BROKER_QUEUE", "oms")
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = env.number("TASK_TIME_LIMIT", 1800, least=60)
# Whoever nudges has committed and somebody waits for her page: a broker that accepts and then says nothing
# must not keep her, and Redis' client would wait for ever.
CELERY_BROKER_CONNECTION_TIMEOUT = 2.0
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 3600,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2.0,
        "socket_timeout": 5.0,
    }
    if BROKER_URL.startswith("redis")
    else {}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Work that a process took and did not end, because it died, is taken up again after this time.
LEASE_SECONDS = env.number("LEASE_SECONDS", 300, least=5)
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10.0
# So many tasks after its start the scheduler writes down what it started; every three minutes, as it would by itself,
# would show every job as late to whoever opens the console after a night's rest.
CELERY_BEAT_SYNC_EVERY = 30
CELERY_BEAT_SCHEDULER = "oms.core.scheduler:Scheduler"

EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# Who we are on slips and labels.
COMPANY_UNSAID = "Our shop"
COMPANY = {
    "name": env.text("OMS_COMPANY_NAME", COMPANY_UNSAID),
    "email": env.text("OMS_COMPANY_EMAIL", ""),
    "website": env.text("OMS_COMPANY_WEBSITE", ""),
    "eori": env.text("OMS_COMPANY_EORI", ""),
    "signer": env.text("OMS_CUSTOMS_SIGNER", ""),
}
CURRENCY = env.text("OMS_CURRENCY", "GBP")
RETURN_WINDOW_DAYS = env.number("OMS_RETURN_WINDOW_DAYS", 30, least=0)
# What the return policy accepts is approved without a person; more than so many pieces of a line at once never.
RETURN_AUTOMATIC = env.flag("OMS_RETURN_AUTOMATIC")
RETURN_REVIEW_ABOVE = env.number("OMS_RETURN_REVIEW_ABOVE", 20, least=0)
# An order completes on delivery, or this long after shipping when its carrier tells us nothing.
COMPLETE_AFTER_SHIPPING_DAYS = env.number("OMS_COMPLETE_AFTER_SHIPPING_DAYS", 21, least=1)
# How long customers may still look at the tracking page of an order that is finished.
TRACKING_LINK_DAYS = env.number("OMS_TRACKING_LINK_DAYS", 90, least=0)
# Days that finished things are kept for; what waits or needs a person is never forgotten.
KEEP_DAYS = {
    "events": env.number("OMS_KEEP_EVENTS_DAYS", 30, least=7),
    "hints": env.number("OMS_KEEP_HINTS_DAYS", 14, least=1),
    "payloads": env.number("OMS_KEEP_PAYLOADS_DAYS", 365, least=30),
    "keys": env.number("OMS_KEEP_KEYS_DAYS", 30, least=1),
    "runs": env.number("OMS_KEEP_RUNS_DAYS", 60, least=7),
}
# Journal and stock movements lie in partitions of so many ids; those that are there keep their size.
HISTORY_PARTITION = env.number("OMS_HISTORY_PARTITION", 10_000_000, least=100_000)
# One file a backup; those beyond the number to keep go, oldest first.
BACKUP_DIR = env.text("OMS_BACKUP_DIR", "") or str(DATA_DIR / "backups")
BACKUP_KEEP = env.number("OMS_BACKUP_KEEP", 14, least=1)
REFUND_LIMIT_CLERK = env.number("OMS_REFUND_LIMIT", 100, least=0)
# Files on orders lie in the database, and so in each backup.
FILE_LIMIT_MB = env.number("OMS_FILE_LIMIT_MB", 5, least=1, most=50)
# The API takes a file in base64, a third larger, with some words around it.
DATA_UPLOAD_MAX_MEMORY_SIZE = max(2_621_440, FILE_LIMIT_MB * 1_400_000 + 65_536)
ADJUST_LIMIT = env.number("OMS_ADJUST_LIMIT", 100, least=0)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {
        "handlers": ["stderr"],
        "level": env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    },
    "loggers": {"axes": {"level": "WARNING"}},
}

UNFOLD = {
    "SITE_TITLE": _("Order management"),
    "SITE_HEADER": COMPANY["name"],
    "SITE_SUBHEADER": _("Order management"),
    "SITE_URL": None,
    "SITE_SYMBOL": "package_2",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "SHOW_LANGUAGES": len(LANGUAGES) > 1,
    "BORDER_RADIUS": "8px",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/console/icon.svg"}],
    "STYLES": ["/static/console/console.css"],
    "SCRIPTS": ["/static/console/console.js"],
    "COMMAND": {"search_models": False},
    "DASHBOARD_CALLBACK": "oms.core.console.home.dashboard",
    # Blue, from Tailwind's palette: calm, and dark enough for white text from 600 on.
    "COLORS": {
        "primary": {
            "50": "#eff6ff",
            "100": "#dbeafe",
            "200": "#bfdbfe",
            "300": "#93c5fd",
            "400": "#60a5fa",
            "500": "#3b82f6",
            "600": "#2563eb",
            "700": "#1d4ed8",
            "800": "#1e40af",
            "900": "#1e3a8a",
            "950": "#172554",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "oms.core.console.navigation",
    },
}

SILENCED_SYSTEM_CHECKS: list[str] = []
