"""The ports that the launcher and the tests choose."""

import subprocess
import sys
from pathlib import Path

from local.ports import EPHEMERAL_RANGE, find_free_port

ROOT = Path(__file__).parents[2]
CHOOSE = "from local.ports import find_free_port; print(find_free_port({wanted}))"


def chosen_elsewhere(wanted: int) -> int:
    """Return the port that another process is given."""
    command = [sys.executable, "-c", CHOOSE.format(wanted=wanted)]
    return int(subprocess.check_output(command, cwd=ROOT))


def test_a_port_is_given_to_one_process_until_that_process_ends() -> None:
    port = find_free_port(None)
    assert find_free_port(port) == port
    assert find_free_port(None) != port
    other = chosen_elsewhere(wanted=port)
    assert other != port
    assert find_free_port(other) == other


def test_no_outgoing_connection_is_given_a_chosen_port() -> None:
    first, last = map(int, EPHEMERAL_RANGE.read_text().split())
    assert not first <= find_free_port(None) <= last
