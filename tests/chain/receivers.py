"""Real HTTP receivers that misbehave when they are told to, and remember what they were sent."""

from __future__ import annotations

import datetime
import json
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

#: Longer than alert-handler waits for an answer.
HANG_SECONDS = 14


@dataclass(frozen=True)
class Post:
    """One request, as it arrived."""

    name: str
    at: float
    headers: dict[str, str]
    raw: bytes
    status: int | None

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Receivers:
    """Receivers by name. Each answers 200 until it is told otherwise."""

    secret: str
    certificate: Path
    posts: list[Post] = field(default_factory=list)
    behaviours: dict[str, str] = field(default_factory=dict)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _taken: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._plain = self._serve(None)
        self._tls = self._serve(self._self_signed())

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._plain.server_port}/{name}"

    def tls_url(self, name: str) -> str:
        """The same behind a certificate that nobody trusts."""
        return f"https://127.0.0.1:{self._tls.server_port}/{name}"

    def behave(self, **behaviours: str) -> None:
        """`ok`, an HTTP status, `throttle:<seconds>`, `hang`, `reset` or `signed`, by name."""
        self.behaviours.update(behaviours)

    def of(self, name: str, *, taken: bool = True) -> list[Post]:
        """What `name` was sent and answered with success; with `taken=False` all that it was sent."""
        with self._lock:
            return [post for post in self.posts if post.name == name and (not taken or post.status == 200)]

    def stop(self) -> None:
        for server in (self._plain, self._tls):
            server.shutdown()
            server.server_close()

    def verify(self, headers: dict[str, str], raw: bytes) -> int:
        """200 for what is signed and new, 401 for what is not signed, 409 for a request that was recorded and played back."""
        try:
            Webhook(self.secret).verify(raw, headers)
        except WebhookVerificationError:
            return 401
        with self._lock:
            # A sender that tries again signs again; who only recorded a request has its old signature.
            key = (headers["webhook-id"], headers["webhook-signature"])
            if key in self._seen:
                return 409
            self._seen.add(key)
        return 200

    def _answer(self, name: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, str]] | str:
        behaviour = self.behaviours.get(name, "ok")
        if behaviour in ("hang", "reset"):
            return behaviour
        if behaviour.startswith("throttle:"):
            self.behaviours[name] = "ok"
            return 429, {"Retry-After": behaviour.partition(":")[2]}
        if behaviour == "signed":
            return self.verify(headers, raw), {}
        return (200 if behaviour == "ok" else int(behaviour)), {}

    def _serve(self, context: ssl.SSLContext | None) -> ThreadingHTTPServer:
        receivers = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {key.lower(): value for key, value in self.headers.items()}
                name = self.path.strip("/")
                answer = receivers._answer(name, headers, raw)
                status = None if isinstance(answer, str) else answer[0]
                with receivers._lock:
                    receivers.posts.append(Post(name, time.monotonic(), headers, raw, status))
                if answer == "hang":
                    time.sleep(HANG_SECONDS)
                elif answer == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                else:
                    self.send_response(answer[0])
                    for key, value in answer[1].items():
                        self.send_header(key, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet: what arrived is in `posts`."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A connection that was reset, or a handshake that failed, is what some tests are about."""

        server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def _self_signed(self) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(key, hashes.SHA256())
        )
        encoding = serialization.Encoding.PEM
        secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.certificate.write_bytes(certificate.public_bytes(encoding) + secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context
