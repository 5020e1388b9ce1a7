"""Django's settings, all derived from Kaquan's own configuration."""

import base64
from typing import Any

from psycopg.conninfo import conninfo_to_dict
from whitenoise.compress import Compressor  # type: ignore[import-untyped]

from kaquan.foundation import keys
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.postgres.urls import connection_urls
from kaquan.project.login_providers import (
    installed_apps,
    load_login_providers,
    provider_settings,
)
from kaquan.project.login_settings import *  # noqa: F403  # Django reads names of this module

_configuration = current_configuration()
_urls = connection_urls(_configuration)
_session_secrets = [
    base64.b64encode(key.secret).decode("ascii")
    for key in keys.load_or_create(_configuration.key_file).all("web-session")
]

_providers = load_login_providers(_configuration.login_providers_file)
SOCIALACCOUNT_PROVIDERS = provider_settings(_providers)


def _database(url: str) -> dict[str, Any]:
    parts = conninfo_to_dict(url)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    known = {names[name]: value for name, value in parts.items() if name in names}
    options = {name: value for name, value in parts.items() if name not in {*names, "port"}}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **known,
        "PORT": str(parts.get("port") or ""),
        "OPTIONS": options,
        # Each capability's action is one transaction and says so itself.
        "ATOMIC_REQUESTS": False,
        "AUTOCOMMIT": True,
    }


DEBUG = _configuration.debug
SECRET_KEY, *SECRET_KEY_FALLBACKS = _session_secrets
ALLOWED_HOSTS = list(_configuration.allowed_hosts)

INSTALLED_APPS = [
    "kaquan.foundation.answers",
    "kaquan.foundation.changes",
    "procrastinate.contrib.django",
    "kaquan.foundation.jobs",
    "kaquan.ledger",
    "kaquan.organisations",
    "kaquan.approvals",
    "kaquan.access",
    "kaquan.staff",
    "kaquan.staff.saved_views",
    "kaquan.budgets",
    "kaquan.customers",
    "kaquan.offers",
    "kaquan.campaigns",
    "kaquan.redemption",
    "kaquan.printing",
    "kaquan.custody",
    "kaquan.terminals",
    "kaquan.offline",
    "kaquan.registration",
    "kaquan.wallet",
    "kaquan.analytics",
    "kaquan.integrations",
    "kaquan.surfaces.web",
    "kaquan.surfaces.console",
    "kaquan.surfaces.wallet",
    "kaquan.surfaces.counter",
    "kaquan.surfaces.api",
    "kaquan.surfaces.login",
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    *installed_apps(_providers),
    "allauth.usersessions",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "kaquan.project.security_headers.security_headers_middleware",
    "kaquan.surfaces.api.problem_pages.problem_pages_middleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "kaquan.surfaces.login.gate.gate_middleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "kaquan.project.urls"
ASGI_APPLICATION = "kaquan.project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# The owner is for migrations alone; everything else goes through the default.
DATABASES = {"default": _database(_urls.app), "owner": _database(_urls.owner)}
# What a job runs is looked up by the worker; an app's module `tasks` means nothing here.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = _configuration.time_zone.key

# The largest body of any operation; each has its own, mostly smaller, bound.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

STATIC_URL = "/static/"
STATIC_ROOT = _configuration.home / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Only developer tools read source maps, and the large ones take long to compress.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CSRF_COOKIE_HTTPONLY = True
# Passkeys need a safe origin; without https that is this machine alone, which browsers trust.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _configuration.https
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _configuration.https
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
if _configuration.https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "kaquan.foundation.log_lines.LogLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _configuration.log_level.upper()},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Refusals are answers; a line for each would let callers fill the log.
        "django.request": {"level": "ERROR"},
        # At DEBUG these would log statements with their values: codes, phone numbers.
        "django.db.backends": {"level": "WARNING"},
        "psycopg": {"level": "WARNING"},
        # It logs addresses, and WeChat takes its secret in one.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # Below that it tells of every poll and step; a job's record says what became of it.
        "procrastinate": {"level": "WARNING"},
    },
}
