"""TCP ports: the configured ones, whether they are free, and free ports for the stores."""

import errno
import secrets
import socket
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from local.errors import LocalError

LOOPBACK = "127.0.0.1"
DEFAULT_PORTS = {"PORT": 8000, "LIVE_PORT": 8001, "FLOWER_PORT": 5555}
HIGHEST = 65535
# Below are the ports of well-known services, the defaults above, and all that browsers refuse to
# open: the highest of them is 10080 (Fetch, "port blocking").
FIRST_FREE = 10_081
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
# Port to the descriptor that claims it, which stays open.
_claims: dict[int, int] = {}


def public_ports(env: Mapping[str, str]) -> dict[str, int]:
    """Return the configured ports by variable; LocalError for invalid or equal ones."""
    ports = {name: _read(name, env.get(name), port) for name, port in DEFAULT_PORTS.items()}
    if len(set(ports.values())) < len(ports):
        listed = ", ".join(f"{name}={port}" for name, port in ports.items())
        raise LocalError(f"two of these ports are the same: {listed}.")
    return ports


def _read(name: str, value: str | None, default: int) -> int:
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not 0 < int(value) <= HIGHEST:
        raise LocalError(f"{name}={value} is not a port: use a number from 1 to {HIGHEST}.")
    return int(value)


def require_free(host: str, ports: Mapping[str, int]) -> None:
    """Raise LocalError when ports are in use, with each port and its variable."""
    busy = [
        f"port {port} is in use (set {name})"
        for name, port in ports.items()
        if _is_busy(host, port)
    ]
    if busy:
        raise LocalError(
            f"on {host} " + "; ".join(busy) + ". Nothing was started. Try:"
            f" {_suggest(host, ports)} python3 run.py"
        )


def _suggest(host: str, ports: Mapping[str, int]) -> str:
    """Return a free port for each that is in use, as the shell reads variables."""
    chosen: dict[str, int] = {}
    for name, port in ports.items():
        if not _is_busy(host, port):
            continue
        taken = {*ports.values(), *chosen.values()}
        # The same last digits are the easiest to remember.
        for candidate in (*range(port + 10_000, HIGHEST, 1000), find_free_port(None)):
            if candidate not in taken and not _is_busy(host, candidate):
                chosen[name] = candidate
                break
    return " ".join(f"{name}={port}" for name, port in chosen.items())


def _is_busy(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise LocalError(f"port {port} on {host} may not be used by this user.") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise LocalError(f"HOST={host} is not an address of this machine: {error}.") from error
    return False


def hold_port(host: str, port: int) -> socket.socket:
    """Return a socket bound to the port, for a process that is to inherit it.

    It refuses connections until that process listens on it; from then on it takes them, also while
    the process is being restarted. Raises LocalError when the port cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((host, port))
    except OSError as error:
        held.close()
        raise LocalError(f"port {port} on {host} cannot be used: {error}.") from error
    return held


def find_free_port(wanted: int | None) -> int:
    """Return the wanted port when it is free, else a free one, on the loopback address.

    The port stays claimed while this process lives, so that nobody else who asks here is given it
    before its listener has started; it is none that the kernel gives to outgoing connections, which
    would take it from a listener that comes later.
    """
    if wanted is not None and _claim(wanted):
        return wanted
    candidates = _never_ephemeral()
    start = secrets.randbelow(len(candidates))
    for port in chain(candidates[start:], candidates[:start]):
        if port not in _claims and _claim(port):
            return port
    raise LocalError(f"no port from {candidates[0]} to {candidates[-1]} is free.")


def _claim(port: int) -> bool:
    """Claim a port that nobody uses; tell whether it is this process's now."""
    if port in _claims:
        return not _is_busy(LOOPBACK, port)
    # The kernel frees an abstract name when its process ends, however it ends (unix(7)).
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0laurel-port-{port}")
    except OSError:
        claim.close()
        return False
    if _is_busy(LOOPBACK, port):
        claim.close()
        return False
    _claims[port] = claim.detach()
    return True


def _never_ephemeral() -> range:
    """Return the longer range of ports beside the one of outgoing connections (ip(7))."""
    first, last = map(int, EPHEMERAL_RANGE.read_text().split())
    everything = range(FIRST_FREE, HIGHEST + 1)
    return max(range(FIRST_FREE, first), range(last + 1, HIGHEST + 1), key=len) or everything
