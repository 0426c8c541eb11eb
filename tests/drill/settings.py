"""The product as it runs, with a role, a command and a receiver of the drill added."""

from procure.settings import *  # noqa: F403
from procure.settings import INSTALLED_APPS as SHIPPED

INSTALLED_APPS = [*SHIPPED, "tests.drill"]
