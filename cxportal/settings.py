"""All settings, from the environment. `cxportal/checks.py` says in one line what is missing or unsafe.

Variables are listed with their meaning in docs/operators/configuration.md.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from cxportal.lib.env import (
    base_host,
    celery_broker_url,
    database_settings,
    email_settings,
    storage_settings,
    whole_number,
)
from cxportal.lib.logs import FORMATS, logging_settings

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
PORTAL_HOME = Path(os.environ.get("PORTAL_HOME") or BASE_DIR / "var").resolve()

# A production installation says so; everything that is only for trying out is refused there.
PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)

# What stands in the top bar and in the titles of pages.
COMPANY_NAME = env.str("COMPANY_NAME", default="CX Portal")
BASE_URL = env.str("BASE_URL", default="http://localhost:8000").rstrip("/")
SECRET_KEY = env.str("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", base_host(BASE_URL)])
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "cxportal.notifications",
    "clients",
    "projects",
    "feedback",
    "cxportal.portal",
    "allauth",
    "allauth.account",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "cxportal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
]

MIDDLEWARE = [
    "cxportal.portal.requests.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "cxportal.portal.middleware.SafetyHeadersMiddleware",
    "cxportal.portal.middleware.MonitorMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clients.middleware.PersonMiddleware",
    "cxportal.portal.middleware.StorageAwayMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "cxportal.portal.middleware.CharsetMiddleware",
    "cxportal.portal.middleware.FragmentMiddleware",
]

ROOT_URLCONF = "cxportal.urls"
WSGI_APPLICATION = "cxportal.wsgi.application"
ASGI_APPLICATION = "cxportal.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["cxportal.lib.templatetags.portal_tags"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "cxportal.portal.context.page",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Data ---------------------------------------------------------------------------------------

DATABASES = {"default": database_settings(env.str("DATABASE_URL", default=""))}
MIGRATION_LOCK_SECONDS = whole_number("MIGRATION_LOCK_SECONDS", default=5, least=1)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
_REDIS_OPTIONS = {"socket_timeout": 1, "socket_connect_timeout": 1}
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "cxportal.lib.cache.SteadyRedisCache",
        "LOCATION": REDIS_URL or "redis://localhost:6379",
        "KEY_PREFIX": "cx",
        "OPTIONS": _REDIS_OPTIONS,
    }
}

MEDIA_ROOT = PORTAL_HOME / "media"  # private: reached only through an access check, never by URL
MEDIA_URL = "/no-public-media/"
STORAGE_URL = env.str("STORAGE_URL", default="")
STORAGES = {
    "default": storage_settings(STORAGE_URL),
    "staticfiles": {"BACKEND": "cxportal.lib.static.PortalStaticFilesStorage"},
}
# The place of the proxy's configuration from which it sends files itself, after our check; its group reads them then.
X_ACCEL_MEDIA = env.str("X_ACCEL_MEDIA", default="")
FILE_UPLOAD_PERMISSIONS = 0o640 if X_ACCEL_MEDIA else 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750 if X_ACCEL_MEDIA else 0o700
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "cxportal.lib.uploads.SteadyUploadHandler",
]
ATTACHMENT_MAX_BYTES = whole_number("ATTACHMENT_MAX_MB", default=25, least=1) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

STATIC_URL = "/static/"
STATIC_ROOT = PORTAL_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- People -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "clients.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "clients.accounts.AccountAdapter"
PASSWORD_RESET_TIMEOUT = 24 * 3600
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "clients.forms.accounts.SignInForm",
    "change_password": "clients.forms.accounts.PasswordChangeForm",
    "set_password": "clients.forms.accounts.FirstPasswordForm",
    "reset_password": "clients.forms.accounts.ResetPasswordForm",
    "reset_password_from_key": "clients.forms.accounts.NewPasswordForm",
}
# Attempts a minute and address, and failed ones for one account. Counted in the cache.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/300s/key",
    "reset_password": "20/m/ip,3/m/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user",
}

SESSION_ENGINE = "cxportal.lib.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "cxportal.portal.views.errors.csrf_failure"
CSRF_COOKIE_HTTPONLY = True  # htmx sends the token from the page, not from the cookie

# --- Safety -------------------------------------------------------------------------------------

HTTPS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # asked on the spot, by script/server and monitors
MONITOR_TOKEN = env.str("MONITOR_TOKEN", default="")  # whoever sends it reads why /readyz says no
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=HTTPS)
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0  # whose X-Forwarded-For tells who attempts to sign in
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Nobody else listens between the machines: passwords are enough there, without TLS.
TRUSTED_NETWORK = env.bool("TRUSTED_NETWORK", default=False)
EMBEDDED_SERVERS = env.bool("EMBEDDED_SERVERS", default=False)  # set by the scripts, not by people
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

from csp.constants import NONCE, NONE, SELF  # noqa: E402

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE],
        "style-src": [NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- API: docs/api.md -----------------------------------------------------------------------------

API_RATES = {
    "person": env.str("API_RATE_PERSON", default="600/min"),
    "address": env.str("API_RATE_ADDRESS", default="60/min"),
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "clients.api.authentication.TokenAuthentication",
        "clients.api.authentication.PortalSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "clients.api.authentication.TokenScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": [
        "cxportal.lib.api.throttling.PersonThrottle",
        "cxportal.lib.api.throttling.AddressThrottle",
    ],
    "DEFAULT_PARSER_CLASSES": ["cxportal.lib.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "cxportal.lib.api.problems.exception_handler",
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CX Portal API",
    "DESCRIPTION": "Projects, tasks and conversations, as the person asking may see them. See docs/api.md.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": BASE_URL}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "GET_LIB_DOC_EXCLUDES": "cxportal.lib.api.schema.classes_without_words",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cxportal.lib.api.schema.add_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ProjectStatus": "projects.models.Project.Status",
        "HealthStatus": "projects.models.Project.Health",
        "ColumnKind": "projects.models.Column.Kind",
        "ThreadStatus": "feedback.models.Thread.Status",
        "ThreadKind": "feedback.models.Thread.Kind",
    },
}

# --- Language and time --------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Mail ---------------------------------------------------------------------------------------

EMAIL_URL = env.str("EMAIL_URL", default="")
MAIL_DIR = PORTAL_HOME / "mail"  # where mails are written when there is no EMAIL_URL
globals().update(email_settings(EMAIL_URL, MAIL_DIR))
EMAIL_TIMEOUT = 20  # seconds, for each step of the SMTP conversation
MAIL_HAND_OVER_SECONDS = 90  # for the whole hand-over, from DATA to the server's answer
MAIL_LEASE_SECONDS = 150  # for one mail in a worker's hands: longer than all of the above
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="CX Portal <portal@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Background work ----------------------------------------------------------------------------

CELERY_BROKER_URL = celery_broker_url(REDIS_URL)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False  # a web request never waits for Redis
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 5,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "health_check_interval": 25,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "cxportal.portal.tasks.tick", "schedule": 60.0, "options": {"expires": 55}},
}
CELERY_BEAT_SCHEDULER = "cxportal.ticking.OwnLegsScheduler"

# --- Logs ---------------------------------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="") or ("json" if PRODUCTION else "line")
if LOG_FORMAT not in FORMATS:
    raise ImproperlyConfigured(f"LOG_FORMAT must be json or line, not {LOG_FORMAT!r}")
LOGGING = logging_settings(LOG_FORMAT, env.str("LOG_LEVEL", default="INFO"))

DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="")

if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. script/server makes one for you; elsewhere set it to 50 or more random characters."
    )
