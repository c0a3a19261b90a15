"""A game server sends actions of many players with one token, and signs those of high value."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.api import Api, action
from tests.e2e.stack import ROOT, Stack

EXAMPLES = re.compile(r"```(python|sh)\n(.*?)```", re.DOTALL)
COMMENTED = re.compile(r"^# (?=hex|signature)", re.MULTILINE)


def test_a_batch_of_a_hundred_counts_for_its_players_in_order(stack: Stack, api: Api) -> None:
    (server,) = stack.issue_tokens(1, "--role", "service")
    players = [str(uuid4()) for _ in range(20)]
    actions = [action(10 + number, userId=players[number % 20]) for number in range(100)]
    actions[7]["score"] = -1
    actions[8]["score"] = 5000
    answer = api.call("POST", "/api/actions/batch", {"actions": actions}, token=server["token"])
    assert answer.status == 200, answer.text
    results = answer.body["results"]
    assert [result["actionId"] for result in results] == [sent["actionId"] for sent in actions]
    bad = {number for number, result in enumerate(results) if "error" in result}
    assert bad == {7, 8}
    assert results[7]["error"]["code"] == "INVALID_PAYLOAD"
    assert results[8]["error"]["code"] == "FRAUD_DETECTED"

    for at, player in enumerate(players):
        sent = [number for number in range(at, 100, 20) if number not in bad]
        scores = [results[number]["newScore"] for number in sent]
        assert scores == [
            sum(10 + number for number in sent[: upto + 1]) for upto in range(len(sent))
        ]
        found = api.get(f"/api/users/{player}/score", token=server["token"]).body
        assert (found["score"], found["totalActions"]) == (scores[-1], len(sent))


def test_a_players_token_may_not_send_for_others(api: Api) -> None:
    token = api.register()["accessToken"]
    actions = [action(10, userId=str(uuid4())), action(10)]
    answer = api.call("POST", "/api/actions/batch", {"actions": actions}, token=token)
    first, second = answer.body["results"]
    assert first["error"]["code"] in ("FORBIDDEN", "INVALID_PAYLOAD")
    assert second["status"] == "applied"


@pytest.fixture
def signs(stack: Stack, tmp_path: Path) -> dict[str, str]:
    """The environment of a game server with an API key, whose signing keys are hmac and ed."""
    key = json.loads(stack.flask("keys", "create", "--name", f"k-{uuid4()}", "--json").stdout)
    names = {name: f"{name}-{uuid4()}" for name in ("hmac", "ed")}
    secret = stack.flask("signing-keys", "create", names["hmac"])
    assert secret.returncode == 0, secret.stderr
    return {
        **os.environ,
        "API": f"http://127.0.0.1:{stack.port}",
        "TOKEN": key["key"],
        "CALLER": key["keyId"],
        "KEY_ID": names["hmac"],
        "ED_KEY_ID": names["ed"],
        "SECRET": secret.stdout.strip(),
    }


def run_example(command: list[str], folder: Path, env: dict[str, str]) -> str:
    """Run it there; return what it prints."""
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_examples() -> list[str]:
    """Return the documented examples of signing: in Python, of an Ed25519 key, in a shell."""
    section = (ROOT / "docs/api.md").read_text().split("\n## Actions of high value\n")[1]
    examples = [text for _, text in EXAMPLES.findall(section.split("\n## ")[0])]
    assert len(examples) == 3
    return examples


def test_the_documented_python_signs_an_action(signs: dict[str, str], tmp_path: Path) -> None:
    answer = run_example([sys.executable, "-c", read_examples()[0]], tmp_path, signs)
    assert answer.startswith('200 {"success":true,"newScore":')


@pytest.mark.skipif(not all(map(shutil.which, ("openssl", "curl"))), reason="needs both")
def test_the_documented_shell_signs_an_action_with_either_key(
    stack: Stack, signs: dict[str, str], tmp_path: Path
) -> None:
    _, making, sending = read_examples()
    run_example(["sh", "-ec", making], tmp_path, signs)
    public = ("--algorithm", "ed25519", "--public-key", str(tmp_path / "public.pem"))
    made = stack.flask("signing-keys", "create", signs["ED_KEY_ID"], *public)
    assert made.returncode == 0, made.stderr
    with_hmac = COMMENTED.sub("", sending)
    assert with_hmac.count("signature=$(") == 2
    for text, key_id in ((sending, signs["ED_KEY_ID"]), (with_hmac, signs["KEY_ID"])):
        answer = run_example(["sh", "-ec", text], tmp_path, {**signs, "KEY_ID": key_id})
        assert answer.startswith('{"success":true,"newScore":'), answer
    # The other key's name under this signature.
    text = with_hmac.replace("keyId=$KEY_ID", "keyId=$ED_KEY_ID")
    assert "SIGNATURE_INVALID" in run_example(["sh", "-ec", text], tmp_path, signs)


@pytest.mark.parametrize("header", ["X_Laurel_Signature", "X_TOTP_Code"])
@pytest.mark.parametrize("value", ["x", "", "\u00e9"])
def test_what_does_not_vouch_is_never_ignored(api: Api, header: str, value: str) -> None:
    token = api.register()["accessToken"]
    for path, body in (("complete", action(10)), ("batch", {"actions": [action(10)]})):
        answer = api.call("POST", f"/api/actions/{path}", body, token=token, **{header: value})
        assert (answer.status, answer.error["code"]) == (
            401,
            "SIGNATURE_INVALID" if "Signature" in header else "CODE_INVALID",
        )
