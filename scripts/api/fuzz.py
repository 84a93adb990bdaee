"""Schemathesis against the API of the running demo: every operation, thousands of cases, no server error and no answer that the description
does not know. python -m api.fuzz [examples per operation]"""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local import stack as local_stack
from local.sign_in import another
from local.terraform import outputs

HOME = local_stack.ROOT / ".local"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def main(examples: int) -> int:
    stack = local_stack.find(HOME)
    if stack is None:
        print("no local AWS is running; `make demo` starts one", file=sys.stderr)
        return 1
    told = outputs(HOME)
    host = told["api_endpoint"].split("//")[1]
    token = another(stack, told["sign_in"], f"fuzz-{secrets.token_hex(4)}@example.com", "admin").token(stack)
    # The API is reached by a host name that not every resolver knows: this stands in for it.
    server = ThreadingHTTPServer(("127.0.0.1", 0), _forwarding(stack.port, host))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    command = [
        "schemathesis", "run", f"{address}/openapi.json", "--url", address, "--header", f"Authorization: Bearer {token}",
        "--checks", CHECKS, "--max-examples", str(examples), "--continue-on-failure", "--seed", "1", "--phases", "examples,coverage,fuzzing",
        "--request-timeout", "30", "--suppress-health-check", "all", "--workers", "1",
    ]  # fmt: skip
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        server.shutdown()


def _forwarding(port: int, host: str) -> type[BaseHTTPRequestHandler]:
    class Forward(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "accept-encoding")}
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request(self.command, self.path, body or None, headers | {"Host": host})
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_TRACE = do_QUERY = _forward

        def log_message(self, *_: object) -> None:
            pass

    return Forward


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
