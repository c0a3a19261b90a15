"""What `serve` prints when the system is ready, or is not ready in time."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from local.health import Health, reachable_host
from local.home import Home
from local.terminal import paint, print_line

LOG_OF_PART = {
    "database": "postgres.log",
    "redis": "valkey.log",
    "websocket": "live.log",
    "workers": "worker.1.log",
    "queue": "worker.1.log",
    "queueAge": "worker.1.log",
    "keeper": "keeper.log",
}
SCORE = 150


def token_command(player: str) -> list[str]:
    """Return the operator's command that prints a token for the demo player."""
    issue = ["flask", "--app", "wsgi", "tokens", "issue", "--role", "player"]
    return [*issue, "--subject", player, "--username", "demo"]


def print_ready(env: Mapping[str, str], home: Home, token: str | None, seconds: float) -> None:
    """Print the addresses, a token, and a command to paste."""
    host = reachable_host(env["HOST"])
    api = f"http://{host}:{env['PORT']}"
    print_line()
    print_line(
        paint(f"Laurel is up after {seconds:.1f} s.", "green")
        + paint("  Press Ctrl-C to stop it.", "dim")
    )
    for label, address in (
        ("page", f"{api}/"),
        ("API docs", f"{api}/docs"),
        ("live", f"ws://{host}:{env['LIVE_PORT']}/ws"),
        ("Flower", f"http://{host}:{env['FLOWER_PORT']}/"),
        ("health", f"{api}/health"),
        ("metrics", f"{api}/metrics"),
        ("logs", str(home.logs)),
    ):
        print_line(f"  {label:<8} {address}")
    print_line()
    if token is None:
        print_line(
            paint("The token could not be created", "yellow") + f"; see {home.logs / 'token.log'}"
        )
        return
    print_line(paint("A token", "bold") + " for the player 'demo':")
    print_line(token)
    print_line()
    print_line(
        paint("Try it", "bold")
        + " (the second time, the answer is that the action is a duplicate):"
    )
    print_line(curl_line(api, token, str(uuid.uuid4())))
    print_line()
    print_line(paint("More", "bold") + " commands, in a second terminal:")
    print_line("  python3 run.py demo     simulated players play, and the leaderboard changes")
    print_line("  python3 run.py verify   checks that no action was lost or counted twice")
    print_line()


def curl_line(api: str, token: str, action_id: str) -> str:
    """Return a curl command that posts one action, timestamped when it is run."""
    body = (
        f'{{"actionId":"{action_id}","score":{SCORE},'
        '"timestamp":"\'$(date -u +%Y-%m-%dT%H:%M:%SZ)\'"}'
    )
    return (
        f"curl -sS {api}/api/actions/complete \\\n"
        f"  -H 'Authorization: Bearer {token}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d '{body}'"
    )


def print_not_ready(health: Health, logs: Path, seconds: float) -> None:
    """Print each unhealthy part, what is wrong with it, and its log."""
    print_line(
        paint(
            f"Not ready after {seconds:.0f} s: the status of /health is {health.status}.", "yellow"
        )
    )
    for part, details in health.wrong:
        print_line(f"  {part:<12} {details}  -> {logs / LOG_OF_PART.get(part, 'api.log')}")
    print_line("Laurel keeps running and trying. Press Ctrl-C to stop it.")
