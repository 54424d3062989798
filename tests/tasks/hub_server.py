"""A small server that speaks what `datasets` needs of the hub's HTTP interface, for one repository."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Handler(BaseHTTPRequestHandler):
    """Serves a folder as a repository at one commit."""

    protocol_version = "HTTP/1.1"
    server: "Hub"

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        self.send(json.dumps([entry for entry in self.entries() if entry["path"] in asked["paths"]]).encode())

    def do_GET(self) -> None:
        hub = self.server
        path = unquote(urlsplit(self.path).path)
        hub.asked.append(f"{self.command} {path}")
        facts = f"/api/datasets/{hub.repository}"
        if path in (facts, f"{facts}/revision/{hub.commit}", f"{facts}/revision/main"):
            names = [{"rfilename": entry["path"]} for entry in self.entries() if entry["type"] == "file"]
            known = {"id": hub.repository, "sha": hub.commit, "siblings": names, "private": False, "tags": []}
            self.send(json.dumps(known).encode())
        elif path.startswith(f"{facts}/tree/{hub.commit}"):
            below = path.removeprefix(f"{facts}/tree/{hub.commit}").strip("/")
            self.send(json.dumps([e for e in self.entries() if e["path"].startswith(below)]).encode())
        elif path.startswith(f"/datasets/{hub.repository}/resolve/{hub.commit}/"):
            self.file(hub.folder / path.partition(f"/resolve/{hub.commit}/")[2])
        elif path.startswith((facts, f"/datasets/{hub.repository}")) and f"{hub.commit}" not in path:
            self.send(b"{}", 404, {"X-Error-Code": "RevisionNotFound"})
        else:
            self.send(b"{}", 404, {"X-Error-Code": "EntryNotFound"})

    def entries(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        for path in sorted(self.server.folder.rglob("*")):
            name = path.relative_to(self.server.folder).as_posix()
            oid = hashlib.sha1(name.encode()).hexdigest()
            size = path.stat().st_size if path.is_file() else 0
            found.append(
                {"type": "file" if path.is_file() else "directory", "path": name, "size": size, "oid": oid}
            )
        return found

    def file(self, path: Path) -> None:
        if not path.is_file():
            self.send(b"{}", 404, {"X-Error-Code": "EntryNotFound"})
            return
        content = path.read_bytes()
        headers = {
            "X-Repo-Commit": self.server.commit,
            "ETag": f'"{hashlib.sha1(content).hexdigest()}"',
            "Accept-Ranges": "bytes",
        }
        wanted = self.headers.get("Range")
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last or len(content)), len(content) - 1)
            headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
            self.server.sent += end + 1 - start
            self.send(content[start : end + 1], 206, headers)
            return
        self.server.sent += len(content) if self.command == "GET" else 0
        self.send(content, 200, headers)

    def send(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class Hub(ThreadingHTTPServer):
    """What it serves, what was asked, and how many bytes of files were sent."""

    daemon_threads = True

    def __init__(self, folder: Path, repository: str, commit: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.repository, self.commit = folder, repository, commit
        self.asked: list[str] = []
        self.sent = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(folder: Path, repository: str, commit: str) -> Iterator[Hub]:
    """A hub of one repository, in a thread."""
    with Hub(folder, repository, commit) as hub:
        thread = threading.Thread(target=hub.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
