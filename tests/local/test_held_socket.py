"""The socket of the API's port, which the launcher holds for it."""

import socket
from pathlib import Path
from typing import Any, cast

import pytest

from local.errors import LocalError
from local.home import Home
from local.ports import find_free_port, hold_port
from local.supervision.procfile import Line, instances, read_procfile
from local.supervision.spawning import Launch
from local.system import SOCKET_VARIABLE, System

ROOT = Path(__file__).parents[2]


class RecordingSupervisor:
    """Keeps what it is told to start."""

    def __init__(self) -> None:
        self.launches: dict[str, Launch] = {}

    def add(self, launch: Launch, *, tier: int) -> None:
        """Keep the launch."""
        self.launches[launch.name] = launch

    def stop_all(self, _seconds: object) -> None:
        """Stop nothing."""


def connect(port: int) -> None:
    """Open a connection; raises ConnectionRefusedError."""
    socket.create_connection(("127.0.0.1", port), 2).close()


def test_a_held_port_refuses_until_a_process_listens_and_never_again() -> None:
    port = find_free_port(None)
    with hold_port("127.0.0.1", port) as held:
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        with held.dup() as inherited:
            inherited.listen(8)
            connect(port)
        connect(port)
        with pytest.raises(LocalError, match=str(port)):
            hold_port("127.0.0.1", port)
    with pytest.raises(ConnectionRefusedError):
        connect(port)


def test_the_api_of_the_procfile_inherits_its_socket_and_no_other_process_does(
    tmp_path: Path,
) -> None:
    supervisor = RecordingSupervisor()
    system = System(
        root=ROOT,
        home=Home(tmp_path),
        supervisor=cast(Any, supervisor),
        watchdog=cast(Any, None),
    )
    lines: list[Line] = instances(read_procfile(ROOT / "Procfile"), 1)
    port = find_free_port(None)
    system.start_lines(lines, {"HOST": "127.0.0.1", "PORT": str(port)})
    inherited = {name: launch.inherited for name, launch in supervisor.launches.items()}
    (fd,) = inherited.pop("api")
    assert set(inherited.values()) == {()}
    assert supervisor.launches["api"].env[SOCKET_VARIABLE] == str(fd)
    with socket.socket(fileno=fd) as own:
        assert own.getsockname() == ("127.0.0.1", port)
        own.listen(8)
        connect(port)
        own.detach()
    system.stop()
    with pytest.raises(ConnectionRefusedError):
        connect(port)
