"""Web, worker and sweeper of the drill under the product's own supervisor. `python -m tests.drill.house PORT`."""

import sys

from procure.console.supervisor import Supervisor, parts

if __name__ == "__main__":
    Supervisor(parts(int(sys.argv[1])), lambda line: print(line, file=sys.stderr, flush=True)).run()
