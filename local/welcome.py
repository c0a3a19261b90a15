"""What `serve` prints when the system is up, or still is not; called by `serve`."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from local.health import Health, reachable_host
from local.home import Home
from local.terminal import paint, say

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
    """Return the operators' command that prints a token for the demo player."""
    issue = ["flask", "--app", "wsgi", "tokens", "issue", "--role", "player"]
    return [*issue, "--subject", player, "--username", "demo"]


def say_ready(env: Mapping[str, str], home: Home, token: str | None, seconds: float) -> None:
    """Print the addresses, a token and a line to paste."""
    host = reachable_host(env["HOST"])
    api = f"http://{host}:{env['PORT']}"
    say()
    say(
        paint(f"Laurel is up, after {seconds:.1f} s.", "green") + paint("  Ctrl-C stops it.", "dim")
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
        say(f"  {label:<8} {address}")
    say()
    if token is None:
        say(paint("No token could be made", "yellow") + f"; see {home.logs / 'token.log'}")
        return
    say(paint("A token", "bold") + " for the player 'demo':")
    say(token)
    say()
    say(paint("Try it", "bold") + " (paste it twice: the second time the action is known):")
    say(curl_line(api, token, str(uuid.uuid4())))
    say()
    say(paint("More", "bold") + ", in a second terminal:")
    say("  python3 run.py demo     simulated players move the board")
    say("  python3 run.py verify   checks that nothing was lost or counted twice")
    say()


def curl_line(api: str, token: str, action_id: str) -> str:
    """Return a command that posts one action, its time taken when it is pasted."""
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


def say_not_ready(health: Health, logs: Path, seconds: float) -> None:
    """Print what is wrong and where to look."""
    say(paint(f"Not ready after {seconds:.0f} s: /health is {health.status}.", "yellow"))
    for part, words in health.wrong:
        say(f"  {part:<12} {words}  -> {logs / LOG_OF_PART.get(part, 'api.log')}")
    say("Laurel keeps running and keeps trying; Ctrl-C stops it.")
