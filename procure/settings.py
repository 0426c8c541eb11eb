"""Settings, read from the environment; `procure.console.checks` says at start-up what is missing or unsafe."""

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("PROCURE_VAR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)


def kept_secret(name: str, make) -> str:
    """A secret from the environment, else one made on first use and kept in VAR_DIR (mode 600)."""
    if value := env.str(name, ""):
        return value
    path = VAR_DIR / "keys" / name.lower()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with path.open("x") as fresh:
            path.chmod(0o600)
            fresh.write(make())
    except FileExistsError:
        pass
    return path.read_text().strip()


DEBUG = env.bool("DEBUG", False)
SECRET_KEY = kept_secret("SECRET_KEY", get_random_secret_key)
# The key ring for sealed values lives outside the database: ledger.keys reads or makes it here.
KEYS_DIR = Path(env.str("PROCURE_KEYS", str(VAR_DIR / "keys")))
# Signed checkpoints of the ledger are left in this folder (put it on other storage) and mailed to the auditors: to
# everybody who holds that role, unless addresses are named here.
LEDGER_ANCHOR_DIR = Path(env.str("LEDGER_ANCHOR_DIR", str(VAR_DIR / "anchors")))
LEDGER_AUDITOR_MAIL = env.list("LEDGER_AUDITOR_MAIL", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
BASE_URL = env.str("BASE_URL", "http://127.0.0.1:8000")

# A process that goes on with the plans first and becomes a whole one afterwards (manage.py sweep --loop).
FIRST_VISIT = env.bool("PROCURE_FIRST_VISIT", False)
INSTALLED_APPS = [
    "procure.console",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "rest_framework",
    "simple_history",
    "ledger",
    "vendors",
    "contracts",
    "procure",
    "approvals",
    "agents",
    "procure.portal",
    "procure.api",
    "procure.demo",
]
if FIRST_VISIT:
    NEEDED = {"procure.console", "django.contrib.auth", "django.contrib.contenttypes", "simple_history"}
    NEEDED |= {"ledger", "vendors", "contracts", "procure", "approvals", "agents"}
    INSTALLED_APPS = [name for name in INSTALLED_APPS if name in NEEDED]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "procure.console.refusals.Refusals",
]

ROOT_URLCONF = "procure.urls"
WSGI_APPLICATION = "procure.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "procure" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'procure.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; "
        "PRAGMA secure_delete=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
# PostgreSQL keeps the engine's statements ready; a pooler that gives each transaction another server cannot have that.
DATABASE_PREPARES = env.bool("DATABASE_PREPARES", True)
# PostgreSQL: who owns the tables and migrates, apart from who runs (ledger.owner). Only `migrate` needs it.
DATABASE_OWNER = env.db_url("DATABASE_OWNER_URL") if env.str("DATABASE_OWNER_URL", "") else None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "procure_cache"}}
if redis_url := env.str("REDIS_URL", ""):
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
# The cluster notes its own state twice a second; nobody reads it, so it stays in its memory.
CACHES["queue"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "queue"}

# The queue only rings the bell: ledger.doorbell and the tables behind it own attempts and retries.
Q_CLUSTER = {
    "name": "procure",
    "workers": env.int("Q_WORKERS", 2),
    "timeout": 120,
    "retry": 3600,
    "max_attempts": 1,
    "ack_failures": True,
    "bulk": 1,
    "queue_limit": env.int("Q_WORKERS", 2),
    "catch_up": False,
    "save_limit": 50,
    "poll": 0.2,
    "cache": "queue",
    "label": "Task queue",
}
Q_CLUSTER |= {"redis": redis_url} if redis_url else {"orm": "default", "broker_class": "ledger.queue.BellQueue"}

AUTH_USER_MODEL = "ledger.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "console:home"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "procure.console.accounts.ClosedSignup"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key,30/5m/ip"}
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# Behind TLS (the normal case) set SECURE=1; `make run` on loopback leaves it off.
SECURE = env.bool("SECURE", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Unfold's Alpine evaluates strings; supplier pages take the strict policy by decorator.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("fr", _("French"))]
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "procure" / "locale"]
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "procure" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = VAR_DIR / "files"

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "procure@localhost")
# Messages to suppliers wait this long, so that an approval can be undone before anybody outside sees it.
UNDO_WINDOW = timedelta(seconds=env.int("UNDO_WINDOW_SECONDS", 600))

# Model tiers: rules ship with the project; small and large are OpenAI-compatible endpoints.
MODEL_TIERS = {
    tier: {
        "base_url": env.str(f"MODEL_{tier.upper()}_URL", ""),
        "key": env.str(f"MODEL_{tier.upper()}_KEY", ""),
        "model": env.str(f"MODEL_{tier.upper()}_NAME", ""),
        "timeout": env.float(f"MODEL_{tier.upper()}_TIMEOUT", 20.0),
    }
    for tier in ("small", "large")
}
# Caps on models; those left out are as in agents.model_gateway.limits.
MODEL_LIMITS = {"day_tokens": env.int("MODEL_DAY_TOKENS", 4_000_000), "day_cost": env.int("MODEL_DAY_COST", 50)}
# One person who is all roles: holds and after-the-fact review replace the second pair of eyes.
SOLO_MODE = env.bool("SOLO_MODE", False)

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Procure API",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "RequisitionStatus": "procure.models.requisitions.Requisition.Status",
        "ProposalStatus": "approvals.models.proposals.Proposal.Status",
        "EventStatus": "procure.models.sourcing.SourcingEvent.Status",
        "InvitationStatus": "procure.models.sourcing.Invitation.Status",
        "OrderStatus": "procure.models.orders.Order.Status",
        "PlanStatus": "agents.models.plans.Plan.Status",
        "StepStatus": "agents.models.plans.Step.Status",
    },
}
SIMPLE_HISTORY_HISTORY_ID_USE_UUID = False
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"hide_links": {"()": "procure.portal.logs.HideLinks"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["hide_links"], "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "WARNING")},
    "loggers": {"django": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
}

# Look and navigation of the admin shell live with the console.
if not FIRST_VISIT:
    from procure.console.shell import UNFOLD  # noqa: F401
