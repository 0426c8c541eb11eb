"""The product's settings with the few differences that tests need."""

import os
import tempfile

os.environ.setdefault("PROCURE_VAR", tempfile.mkdtemp(prefix="procure-test-"))
# Workers side by side sign ledgers of the same origin: each keeps its keys and notes in a folder of its own.
worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if not os.environ["PROCURE_VAR"].endswith(worker):
    os.environ["PROCURE_VAR"] += f"/{worker}"

from procure.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
UNDO_WINDOW = timedelta(0)  # noqa: F405
# Only here may the ledger be emptied between tests (ledger.checks refuses it elsewhere).
LEDGER_MAY_BE_FLUSHED = True
if test_database_url := env.str("TEST_DATABASE_URL", ""):  # noqa: F405
    from tests import two_roles

    DATABASES = {"default": env.db_url_config(two_roles.url_of(two_roles.RUNTIME))}  # noqa: F405
    DATABASE_OWNER = env.db_url_config(two_roles.url_of(two_roles.OWNER))  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": f"test_procure{env.str('TEST_DB_SUFFIX', '')}"}  # noqa: F405
else:
    from tests.ready_made import folder

    DATABASES["default"]["TEST"] = {"NAME": f"{folder()}/test.sqlite3"}
