#!/usr/bin/env python
"""Django's command line for Procure."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procure.settings")
    if sys.argv[1:] == ["sweep", "--loop"]:
        # The plans go on before all that only pages need is loaded; the command then starts itself again.
        os.environ.setdefault("PROCURE_FIRST_VISIT", "1")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
