"""A client of an event stream: reads `text/event-stream` as the WHATWG's standard says."""

import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from tests.web.live.description.described import check_event

TIMEOUT_SECONDS = 5.0


class Serving(Protocol):
    """A live process."""

    @property
    def port(self) -> int:
        """Where it is served."""


class Stream:
    """One open stream; what it receives is read event by event.

    `status` and `headers` are the answer's, `body` what a refusal says. `last_event_id` and
    `retry_ms` are what a browser would remember.
    """

    def __init__(
        self,
        server: Serving,
        headers: Mapping[str, str],
        *,
        method: str = "GET",
        version: str = "HTTP/1.1",
        receive_buffer_bytes: int | None = None,
        **query: Any,
    ):
        self.raw = socket.socket()
        self.raw.settimeout(TIMEOUT_SECONDS)
        if receive_buffer_bytes is not None:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.raw.connect(("127.0.0.1", server.port))
        target = f"/api/stream?{urlencode(query)}"
        lines = [f"{method} {target} {version}", f"Host: 127.0.0.1:{server.port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.raw.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self.raw.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = dict(self._read_headers())
        self.body: dict[str, Any] = {}
        if method != "HEAD" and self.headers.get("content-type") == "application/json":
            self.body = orjson.loads(self._file.read(int(self.headers["content-length"])))
        self.last_event_id = ""
        self.retry_ms: int | None = None
        self.comments = 0

    def __enter__(self) -> "Stream":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, as a client that has gone."""
        self._file.close()
        self.raw.close()

    def hear(self) -> dict[str, Any]:
        """Return the data of the next event."""
        kind, data = self._read_event()
        check_event(data)
        event: dict[str, Any] = orjson.loads(data)
        assert kind == ("end" if event["event"] == "end" else "message")
        return event

    def hear_all_until(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Return the next events up to the one of this kind with these fields."""
        heard = [self.hear()]
        while not (heard[-1]["event"] == kind and fields.items() <= heard[-1].items()):
            heard.append(self.hear())
        return heard

    def hear_until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the next event of this kind with these fields; what comes before is dropped."""
        return self.hear_all_until(kind, **fields)[-1]

    def end_code(self) -> int:
        """Return the close code in the last event, behind which the connection ends."""
        code: int = self.hear_until("end")["code"]
        assert self._file.read() == b""
        return code

    def _read_headers(self) -> list[tuple[str, str]]:
        found = []
        while line := self._file.readline().strip().decode("latin-1"):
            name, _, value = line.partition(":")
            found.append((name.lower(), value.strip()))
        return found

    def _read_event(self) -> tuple[str, bytes]:
        kind, data = "message", b""
        while line := self._file.readline():
            name, _, value = line.removesuffix(b"\n").partition(b": ")
            if name == b"data":
                data += value
            elif name == b"event":
                kind = value.decode()
            elif not name and data:
                return kind, data
            else:
                self._note(name, value)
        raise EOFError("the stream has ended")

    def _note(self, name: bytes, value: bytes) -> None:
        match name:
            case b"id":
                self.last_event_id = value.decode()
            case b"retry":
                self.retry_ms = int(value)
            case b":":
                self.comments += 1
