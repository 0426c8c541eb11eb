"""Web, worker and sweeper of the drill under the product's own supervisor. `python -m tests.drill.house PORT`."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from procure.console import watchdog
    from procure.console.supervisor import Supervisor, parts

    port = int(sys.argv[1])
    Supervisor(parts(port), lambda line: print(line, file=sys.stderr, flush=True), watchdog.shipped(port)).run()
