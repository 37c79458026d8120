"""docker_origin.py PORT: as much of Docker's API (moby's api/swagger.yaml) as `docker exec` needs.

The command prints how long the body of its start was, then one line of its stdin if it has one.
"""
import json
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

API = "1.45"


class Daemon(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    has_stdin = False

    def do_HEAD(self):
        self.answer(b"")

    def do_GET(self):
        if self.path.endswith("/version"):
            self.tell({"ApiVersion": API, "MinAPIVersion": "1.24", "Version": "28.0.0"})
        elif self.path.endswith("/json"):
            self.tell({"Id": "box", "ID": "run", "Running": False, "ExitCode": 0})
        else:
            self.answer(b"OK")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.endswith("/start"):
            Daemon.has_stdin = json.loads(body)["AttachStdin"]
            self.tell({"Id": "run"}, 201)
        elif self.headers.get("Upgrade") == "tcp" and self.headers.get("Connection") == "Upgrade":
            self.run_command(body)
        else:
            self.tell({"message": "not an upgrade"}, 400)

    def run_command(self, body):
        self.wfile.write(
            b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
            b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        )
        # Docker's package for Python loses what comes in one piece with the head; no command is so
        # fast that a daemon would ever see that.
        time.sleep(0.3)
        self.frame(b"started with %d bytes\n" % len(body))
        if self.has_stdin:
            self.frame(self.rfile.readline())
        self.close_connection = True

    def frame(self, output):
        """One piece of stdout, as it is framed without a terminal."""
        self.wfile.write(struct.pack(">BxxxL", 1, len(output)) + output)

    def tell(self, value, status=200):
        self.answer(json.dumps(value).encode(), status)

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("API-Version", API)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Daemon).serve_forever()
