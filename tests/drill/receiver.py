"""The outside: rings for every call that reaches it, writes each down, and loses one answer in ten.

`python -m tests.drill.receiver PORT JOURNAL`. It is never killed, never asked twice to be sure, and forgives nothing: a
key that comes twice stands twice in its journal.
"""

import json
import random
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Bell(BaseHTTPRequestHandler):
    journal: Path
    lock = threading.Lock()
    rung: dict[str, int] = {}
    chance = random.Random(7)

    def do_POST(self):
        key = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["key"]
        with self.lock:
            number = len(self.rung) + 1
            self.rung.setdefault(key, number)
            with self.journal.open("a") as journal:
                journal.write(key + "\n")
            lost = self.chance.random() < 0.1
        if lost:
            self.close_connection = True
            self.connection.close()
            return
        self._say(200, {"number": number})

    def do_GET(self):
        number = self.rung.get(self.path.rsplit("/", 1)[-1])
        self._say(200 if number else 404, {"number": number})

    def _say(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    Bell.journal = Path(sys.argv[2])
    Bell.journal.touch()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Bell).serve_forever()
