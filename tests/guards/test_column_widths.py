"""Every text column of a bounded width, and what keeps a client's text from being wider."""

from sqlalchemy import String, Text

from domain.accounts import names
from domain.actions.model import Status
from domain.boards.model import is_slug
from domain.moderation.acts import MAX_BY_CHARS
from domain.moderation.model import ActKind
from domain.rankings.counting import MAX_SEGMENT_LENGTH
from domain.rankings.definition_fields.parts import MAX_REWARD_CHARS
from domain.store.postgres.accounts.identities import MAX_CLAIM_CHARS
from domain.store.postgres.accounts.revocations import RevocationKind
from domain.store.postgres.tables import metadata
from web.access.tokens import MAX_JTI_CHARS
from web.http import request_context
from web.http.origins import MAX_ORIGIN_CHARS
from web.schemas.fields import MAX_ACTION_TYPE_CHARS

LONGEST_REQUEST_ID = 64
LONGEST_SLUG = 32
# One character may become three when its case is folded.
LONGEST_NAME_KEY = 3 * names.MAX_LENGTH
# The widest text that clients may bring into a column; None where the text is our own.
WIDEST: dict[str, int | None] = {
    "users.username": names.MAX_LENGTH,
    "users.username_key": LONGEST_NAME_KEY,
    "user_actions.action_type": MAX_ACTION_TYPE_CHARS,
    "user_actions.request_id": LONGEST_REQUEST_ID,
    "user_actions.status": max(map(len, Status)),
    "user_actions.reason": None,
    "user_actions.verdict": None,
    "user_actions.verdict_reason": None,
    "action_batches.stage": None,
    "action_batches.reply_to": None,
    "heartbeats.process": None,
    "archived_partitions.partition_name": None,
    "archived_partitions.file_name": None,
    "archived_partitions.sha256": None,
    "revocations.kind": max(map(len, RevocationKind)),
    "revocations.subject": MAX_JTI_CHARS,
    # The command line bounds it.
    "granted_roles.role": None,
    "realtime_tickets.origin": MAX_ORIGIN_CHARS,
    "users.claimed_name": MAX_CLAIM_CHARS,
    # Operators name keys, and the command bounds it.
    "api_keys.name": None,
    "api_keys.prefix": None,
    "boards.board_id": LONGEST_SLUG,
    "boards.state": None,
    "board_versions.board_id": LONGEST_SLUG,
    "board_versions.state": None,
    "board_members.board_id": LONGEST_SLUG,
    "rankings.period_key": None,
    "rankings.segment": MAX_SEGMENT_LENGTH,
    "rewards.board_id": LONGEST_SLUG,
    "rewards.period_key": None,
    "rewards.segment": MAX_SEGMENT_LENGTH,
    "rewards.reward": MAX_REWARD_CHARS,
    "clients.country": None,
    "fraud_policies.state": None,
    # A user id, or what the command line bounds.
    "fraud_policies.created_by": None,
    "fraud_baselines.action_type": MAX_ACTION_TYPE_CHARS,
    "fraud_models.state": None,
    "signing_keys.key_id": None,
    "signing_keys.algorithm": None,
    "moderation_cases.state": None,
    "moderation_cases.claimed_by": None,
    "moderation_acts.kind": max(map(len, ActKind)),
    "moderation_acts.by": MAX_BY_CHARS,
    "bans.reason": None,
    "bans.by": None,
    "appeals.state": None,
}


def test_no_text_of_a_client_is_wider_than_its_column() -> None:
    widths = {
        f"{table.name}.{column.name}": column.type.length
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, String) and not isinstance(column.type, Text)
    }
    assert widths.keys() == WIDEST.keys(), "say for each new column what bounds its text"
    assert [name for name, most in WIDEST.items() if most and most > (widths[name] or 0)] == []


def test_the_id_of_a_board_is_bounded_by_its_form() -> None:
    assert is_slug("x" * LONGEST_SLUG)
    assert not is_slug("x" * (LONGEST_SLUG + 1))


def test_a_request_s_id_is_bounded_by_its_form() -> None:
    assert request_context._REQUEST_ID.fullmatch("x" * LONGEST_REQUEST_ID)
    assert not request_context._REQUEST_ID.fullmatch("x" * (LONGEST_REQUEST_ID + 1))


def test_no_name_s_key_is_longer_than_three_times_the_name() -> None:
    widest = max(len(names.username_key(chr(point))) for point in range(0x10000))
    cleaned = [names.clean_username(chr(point) * 3) for point in range(0x10000)]
    most = max(len(names.username_key(name)) / len(name) for name in cleaned if name)
    assert most * names.MAX_LENGTH <= LONGEST_NAME_KEY
    assert widest >= 3
