"""Servers that tests start, stop and disturb."""

import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/local/bin"))
PASSWORD = "s3cret/word"


class Server:
    """A PostgreSQL server on loopback; it refuses to be run by root."""

    def __init__(self, directory: Path) -> None:
        """Make the server's files in ``directory``."""
        self.data = directory / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        secret = directory / "password"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            for path in (directory, secret):
                shutil.chown(path, "postgres")
        login = ["-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}"]
        self._call("initdb", "-D", self.data, "--no-sync", *login)

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k '' -F"
        log = self.data.parent / "log"
        self._call("pg_ctl", "-D", self.data, "-l", log, "-o", options, "-w", "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def _call(self, program: str, *arguments: object) -> None:
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        command = [*(user if os.getuid() == 0 else []), BINARIES / program, *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "cwd": self.data.parent}
        subprocess.run([*map(str, command)], check=True, timeout=60, **quiet)


class Proxy:
    """Hands connections on to a server while ``mode`` is ``works``."""

    def __init__(self, server_port: int) -> None:
        """Listen on a free port."""
        self.server_port, self.mode, self.delay_s = server_port, "works", 0.0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # until it is closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Serve one request, then close: a change of mode is felt at once."""
        with client, suppress(OSError):
            if self.mode == "fails":
                client.recv(65536)
                client.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
            while self.mode == "hangs":
                time.sleep(0.05)
            if self.mode == "works":
                with socket.create_connection(("127.0.0.1", self.server_port)) as server:
                    back = threading.Thread(target=self._pump, args=(server, client))
                    back.start()
                    self._pump(client, server)
                    back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        """Hand bytes on in one direction for as long as the mode stays."""
        source.settimeout(0.1)
        with suppress(OSError):  # either end may close at any time
            while self.mode == "works":
                with suppress(TimeoutError):
                    content = source.recv(65536)
                    if not content:
                        break
                    time.sleep(self.delay_s)
                    sink.sendall(content)
            sink.shutdown(socket.SHUT_RDWR)
