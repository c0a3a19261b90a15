"""The answers of the API, made by `python3 run.py client-models`; do not edit."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr


class BatchElement(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    Chosen by the client, new for every action; a retry repeats it
    """
    score: Annotated[int, Field(ge=0, le=2147483647)]
    """
    What the action adds to the player's score
    """
    timestamp: AwareDatetime
    """
    When it was completed, by the client's clock
    """
    metadata: dict[str, Any] | None = None
    """
    Facts about the action: at most 4 KB as JSON, 50 keys of 64 characters and 8 levels, names and `actionType` (at most 100 characters) without control, bidirectional and invisible characters; `duration` is a number from 0; `sessionId` is the play session
    """
    user_id: Annotated[UUID | None, Field(alias="userId")] = None
    """
    The player; only a token with the role `service` may name one
    """


class ErrorBody(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    code: str
    """
    Stable; see the list of codes
    """
    message: str
    """
    For people; may change
    """
    timestamp: AwareDatetime
    request_id: Annotated[str, Field(alias="requestId")]
    """
    The same as the header X-Request-ID
    """
    details: dict[str, Any] | None = None
    """
    Facts that belong to this code
    """


class Error(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    success: Literal[False]
    error: ErrorBody


class OwnAppeal(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    at: AwareDatetime
    state: Literal["open", "granted", "declined"]


class ActionRecord(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    status: Literal["pending", "applied", "rejected", "quarantined", "failed", "voided"]
    score: int
    """
    What the action adds
    """
    timestamp: AwareDatetime | None
    """
    When the client completed it
    """
    metadata: dict[str, Any] | None
    """
    As it was sent
    """
    new_score: Annotated[int | None, Field(alias="newScore")]
    """
    The score with it
    """
    previous_score: Annotated[int | None, Field(alias="previousScore")]
    """
    The score before it
    """
    reason: str | None
    """
    Why it was rejected or held
    """
    accepted_at: Annotated[AwareDatetime, Field(alias="acceptedAt")]
    completed_at: Annotated[AwareDatetime | None, Field(alias="completedAt")]
    boards: (
        dict[
            str,
            Literal[
                "VALUE_MISSING",
                "VALUE_INVALID",
                "SEGMENT_MISSING",
                "SEGMENT_LIMIT",
                "NOT_JOINED",
                "NO_ATTEMPTS_LEFT",
                "OUT_OF_RANGE",
            ],
        ]
        | None
    ) = None
    """
    By board that the action is for: why it does not count there
    """
    appeal: OwnAppeal | None = None


class History(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    actions: list[ActionRecord]
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class AppealBody(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    message: Annotated[str, Field(max_length=1000)]


class Appealed(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    at: AwareDatetime
    state: Literal["open", "granted", "declined"]


class Batch(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    actions: Annotated[list[BatchElement], Field(max_length=1000, min_length=1)]


class BatchError(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    code: str
    message: str
    details: dict[str, Any] | None = None


class BatchResult(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID | None, Field(alias="actionId")]
    status: Literal["pending", "applied", "rejected", "quarantined", "failed", "voided"] | None = (
        None
    )
    new_score: Annotated[int | None, Field(alias="newScore")] = None
    previous_score: Annotated[int | None, Field(alias="previousScore")] = None
    leaderboard_position: Annotated[int | None, Field(alias="leaderboardPosition")] = None
    boards: (
        dict[
            str,
            Literal[
                "VALUE_MISSING",
                "VALUE_INVALID",
                "SEGMENT_MISSING",
                "SEGMENT_LIMIT",
                "NOT_JOINED",
                "NO_ATTEMPTS_LEFT",
                "OUT_OF_RANGE",
            ],
        ]
        | None
    ) = None
    """
    By board that the action is for: why it does not count there
    """
    error: BatchError | None = None


class BatchResults(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    success: bool
    results: list[BatchResult]


class CompleteAction(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    Chosen by the client, new for every action; a retry repeats it
    """
    score: Annotated[int, Field(ge=0, le=2147483647)]
    """
    What the action adds to the player's score
    """
    timestamp: AwareDatetime
    """
    When it was completed, by the client's clock
    """
    metadata: dict[str, Any] | None = None
    """
    Facts about the action: at most 4 KB as JSON, 50 keys of 64 characters and 8 levels, names and `actionType` (at most 100 characters) without control, bidirectional and invisible characters; `duration` is a number from 0; `sessionId` is the play session
    """


class Completed(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    success: bool
    new_score: Annotated[int, Field(alias="newScore")]
    """
    The player's score with it
    """
    previous_score: Annotated[int, Field(alias="previousScore")]
    """
    The player's score before it
    """
    leaderboard_position: Annotated[int | None, Field(alias="leaderboardPosition")]
    """
    The player's rank; null when not on the board
    """
    action_id: Annotated[UUID, Field(alias="actionId")]
    boards: (
        dict[
            str,
            Literal[
                "VALUE_MISSING",
                "VALUE_INVALID",
                "SEGMENT_MISSING",
                "SEGMENT_LIMIT",
                "NOT_JOINED",
                "NO_ATTEMPTS_LEFT",
                "OUT_OF_RANGE",
            ],
        ]
        | None
    ) = None
    """
    By board that the action is for: why it does not count there
    """


class Accepted(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    success: bool
    action_id: Annotated[UUID, Field(alias="actionId")]
    status: Literal["pending", "quarantined"]


class TieBreaker(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    value: str
    """
    `score`, `1`, or `metadata.` and the path of a number
    """
    direction: Literal["desc", "asc"] | None = None
    """
    `desc`: the largest first
    """


class Period(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    kind: Literal["none", "daily", "weekly", "monthly", "yearly", "season", "rolling"] | None = None
    """
    `none` by default
    """
    starts_on: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        | None,
        Field(alias="startsOn"),
    ] = None
    """
    Of a week
    """
    start: AwareDatetime | None = None
    """
    Of a season
    """
    end: AwareDatetime | None = None
    """
    Of a season, excluded
    """
    window: Literal["24h", "7d", "30d"] | None = None
    """
    Of a rolling period
    """


class Multiplier(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    from_: Annotated[AwareDatetime, Field(alias="from")]
    until: AwareDatetime
    """
    Excluded
    """
    action_type: Annotated[str | None, Field(alias="actionType")] = None
    """
    null: actions of any type
    """
    factor: float
    """
    More than 0, at most 1000
    """


class Reward(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    ranks: list[int] | None = None
    """
    The first and the last rank
    """
    percent: float | None = None
    """
    More than 0, at most 100
    """
    reward: str


class BoardDefinition(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    id: str
    """
    1 to 32 of a-z, 0-9 and inner hyphens
    """
    title: str | None = None
    action_types: Annotated[list[str] | None, Field(alias="actionTypes")] = None
    """
    Empty: of any type
    """
    where: dict[str, Any] | None = None
    """
    By `metadata.` and a path: a value, `{min, max}` or `{present}`
    """
    value: str | None = None
    """
    `score`, `1`, or `metadata.` and the path of a number
    """
    aggregate: Literal["sum", "best", "latest", "count"] | None = None
    """
    What becomes of the values of a player's actions
    """
    direction: Literal["desc", "asc"] | None = None
    """
    `desc`: the largest first
    """
    tie_breakers: Annotated[list[TieBreaker] | None, Field(alias="tieBreakers", max_length=4)] = (
        None
    )
    ties: Literal["firstToReach", "competition", "dense"] | None = None
    """
    The rank of players whose values and tie-breakers are equal
    """
    decimals: int | None = None
    """
    0 to 6
    """
    period: Period | None = None
    time_zone: Annotated[str | None, Field(alias="timeZone")] = None
    """
    Of the IANA database
    """
    segment: str | None = None
    """
    `metadata.` and a path, or `player.` and an attribute
    """
    join_required: Annotated[bool | None, Field(alias="joinRequired")] = None
    attempts: int | None = None
    """
    1 to 100 actions that count in each period
    """
    multipliers: list[Multiplier] | None = None
    rewards: list[Reward] | None = None
    readers: Literal["everyone", "players", "admins"] | None = None
    """
    Who may read the board
    """
    keep_periods: Annotated[int | None, Field(alias="keepPeriods")] = None
    """
    0 to 1000 closed periods
    """


class Building(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    version: int
    progress: float
    """
    Between 0 and 1
    """
    error: str | None
    """
    Why it does not go on
    """


class BoardRecord(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: BoardDefinition
    state: Literal["building", "live", "archived", "deleting"]
    version: int
    error: str | None
    """
    Why the definition cannot be read here: `board` has only its id
    """
    etag: str
    """
    For `If-Match`
    """
    building: Building | None
    created_at: Annotated[AwareDatetime | None, Field(alias="createdAt")]
    updated_at: Annotated[AwareDatetime | None, Field(alias="updatedAt")]


class BoardRecords(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    boards: list[BoardRecord]


class BoardPatch(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    id: str | None = None
    """
    1 to 32 of a-z, 0-9 and inner hyphens
    """
    title: str | None = None
    action_types: Annotated[list[str] | None, Field(alias="actionTypes")] = None
    """
    Empty: of any type
    """
    where: dict[str, Any] | None = None
    """
    By `metadata.` and a path: a value, `{min, max}` or `{present}`
    """
    value: str | None = None
    """
    `score`, `1`, or `metadata.` and the path of a number
    """
    aggregate: Literal["sum", "best", "latest", "count"] | None = None
    """
    What becomes of the values of a player's actions
    """
    direction: Literal["desc", "asc"] | None = None
    """
    `desc`: the largest first
    """
    tie_breakers: Annotated[list[TieBreaker] | None, Field(alias="tieBreakers", max_length=4)] = (
        None
    )
    ties: Literal["firstToReach", "competition", "dense"] | None = None
    """
    The rank of players whose values and tie-breakers are equal
    """
    decimals: int | None = None
    """
    0 to 6
    """
    period: Period | None = None
    time_zone: Annotated[str | None, Field(alias="timeZone")] = None
    """
    Of the IANA database
    """
    segment: str | None = None
    """
    `metadata.` and a path, or `player.` and an attribute
    """
    join_required: Annotated[bool | None, Field(alias="joinRequired")] = None
    attempts: int | None = None
    """
    1 to 100 actions that count in each period
    """
    multipliers: list[Multiplier] | None = None
    rewards: list[Reward] | None = None
    readers: Literal["everyone", "players", "admins"] | None = None
    """
    Who may read the board
    """
    keep_periods: Annotated[int | None, Field(alias="keepPeriods")] = None
    """
    0 to 1000 closed periods
    """


class Login(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    username: Annotated[str, Field(max_length=200, min_length=1)]
    password: Annotated[SecretStr, Field(max_length=128, min_length=1)]


class Session(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    access_token: Annotated[str, Field(alias="accessToken")]
    refresh_token: Annotated[str, Field(alias="refreshToken")]
    expires_in: Annotated[int, Field(alias="expiresIn")]
    """
    Seconds until the access token expires
    """


class Refresh(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    refresh_token: Annotated[str, Field(alias="refreshToken", max_length=4096, min_length=1)]


class Refreshed(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    access_token: Annotated[str, Field(alias="accessToken")]
    refresh_token: Annotated[str, Field(alias="refreshToken")]
    """
    Replaces the one that was sent
    """
    expires_in: Annotated[int, Field(alias="expiresIn")]
    """
    Seconds until the access token expires
    """


class Registration(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    username: Annotated[str, Field(max_length=200, min_length=1)]
    """
    3 to 32 characters after NFKC with a letter or digit; none that nobody sees; no scripts that look alike; unlike every other name, whatever the case
    """
    password: Annotated[SecretStr, Field(max_length=128, min_length=8)]


class Spectator(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    access_token: Annotated[str, Field(alias="accessToken")]
    expires_in: Annotated[int, Field(alias="expiresIn")]
    """
    Seconds until the access token expires; then ask for another
    """


class Board(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    state: Literal["live", "building", "archived"]
    definition: dict[str, Any]


class Boards(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    boards: list[Board]


class BoardBuilding(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    version: int
    """
    Of the definition that comes next
    """
    progress: float
    """
    From 0 to 1
    """


class BoardDetails(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    state: Literal["live", "building", "archived"]
    definition: dict[str, Any]
    segments: list[str] | None
    """
    Those with players in the period of now, at most 1,000
    """
    building: BoardBuilding | None


class Joined(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    joined_at: Annotated[AwareDatetime, Field(alias="joinedAt")]


class BoardStanding(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    rank: int
    """
    From 1; by the board's rule players who are tied share it
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    score: float
    """
    The board's value
    """
    columns: list[float]
    """
    The tie-breakers' numbers
    """
    last_update: Annotated[AwareDatetime, Field(alias="lastUpdate")]


class BoardNeighborhood(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    revision: int | None
    """
    Of a sealed period's last seal, else null
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players in the ranking
    """
    percentile: float | None
    """
    100 · (totalUsers - rank) / totalUsers
    """
    gap_to_next: Annotated[float | None, Field(alias="gapToNext")]
    """
    What the score lacks to the next better rank; null for the first
    """
    rank_at_day_start: Annotated[int | None, Field(alias="rankAtDayStart")]
    """
    Where the player was when the board's local day began; null for nowhere, and when it is not known
    """
    you: BoardStanding | None
    around: list[BoardStanding]
    leaderboard: list[BoardStanding]


class BoardPlayer(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    revision: int | None
    """
    Of a sealed period's last seal, else null
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players in the ranking
    """
    percentile: float | None
    """
    100 · (totalUsers - rank) / totalUsers
    """
    gap_to_next: Annotated[float | None, Field(alias="gapToNext")]
    """
    What the score lacks to the next better rank; null for the first
    """
    rank_at_day_start: Annotated[int | None, Field(alias="rankAtDayStart")]
    """
    Where the player was when the board's local day began; null for nowhere, and when it is not known
    """
    player: BoardStanding


class BoardRank(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    revision: int | None
    """
    Of a sealed period's last seal, else null
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players in the ranking
    """
    score: float
    rank: int
    """
    Behind players with the same score, or with them where they share a rank
    """


class BoardStandings(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    revision: int | None
    """
    Of a sealed period's last seal, else null
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players in the ranking
    """
    leaderboard: list[BoardStanding]
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class Standing(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    rank: int
    """
    From 1; unique: of equal scores the one reached first ranks higher
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    score: int
    """
    The sum of the applied actions
    """
    last_update: Annotated[AwareDatetime, Field(alias="lastUpdate")]


class LeaderboardPage(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    leaderboard: list[Standing]
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players on the board
    """
    last_updated: Annotated[AwareDatetime | None, Field(alias="lastUpdated")]
    """
    null while the board is empty
    """
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class Neighborhood(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    leaderboard: list[Standing]
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players on the board
    """
    last_updated: Annotated[AwareDatetime | None, Field(alias="lastUpdated")]
    """
    null while the board is empty
    """
    you: Standing | None
    percentile: float | None
    """
    100 · (totalUsers - rank) / totalUsers
    """
    around: list[Standing]


class DecisionBody(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    decision: Literal["release", "reject", "void", "restore"]
    reason: Annotated[str, Field(max_length=1000)]
    """
    Why; for moderators, never shown to the player
    """


class Decided(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    decision: str
    status: Literal["pending", "applied", "rejected", "quarantined", "failed", "voided"]
    """
    `pending` with a 202
    """


class Thresholds(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    hold_at: Annotated[float, Field(alias="holdAt")]
    reject_at: Annotated[float, Field(alias="rejectAt")]


class TracedClient(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    device: str
    address: str
    country: str | None
    """
    ISO 3166-1
    """
    is_hosting: Annotated[bool, Field(alias="isHosting")]


class Act(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    act_id: Annotated[UUID, Field(alias="actId")]
    kind: Literal[
        "release",
        "reject",
        "retry",
        "void",
        "restore",
        "hold",
        "claim",
        "unclaim",
        "close",
        "ban",
        "unban",
        "snooze",
        "unsnooze",
        "policy",
        "model",
    ]
    by: str
    """
    A user id, `operator:` and a name, or `keeper` when a ban's time is over
    """
    user_id: Annotated[UUID | None, Field(alias="userId")]
    action_id: Annotated[UUID | None, Field(alias="actionId")]
    case_id: Annotated[UUID | None, Field(alias="caseId")]
    reason: str
    details: dict[str, Any] | None
    at: AwareDatetime
    seq: int | None
    """
    Of the audit entry
    """
    hash: str | None
    """
    Of the audit entry
    """


class Appeal(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    message: str
    at: AwareDatetime
    state: Literal["open", "granted", "declined"]
    decided_at: Annotated[AwareDatetime | None, Field(alias="decidedAt")]


class Transition(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    status: Literal["pending", "applied", "rejected", "quarantined", "failed", "voided"]
    reason: str | None
    previous_score: Annotated[int | None, Field(alias="previousScore")]
    """
    The score before it
    """
    new_score: Annotated[int | None, Field(alias="newScore")]
    """
    The score with it
    """
    version: int
    """
    Which transition of the action it was, from 1
    """
    seq: int
    """
    Of the audit entry
    """
    hash: str
    """
    Of the audit entry
    """


class Trace(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    is_archived: Annotated[bool, Field(alias="isArchived")]
    """
    Its row is in an archive: what only that has is null here
    """
    status: Literal["pending", "applied", "rejected", "quarantined", "failed", "voided"] | None
    reason: str | None
    """
    Public: the player sees it
    """
    score: int | None
    """
    What it adds
    """
    action_type: Annotated[str | None, Field(alias="actionType")]
    timestamp: AwareDatetime | None
    """
    By the client's clock
    """
    metadata: dict[str, Any] | None
    accepted_at: Annotated[AwareDatetime, Field(alias="acceptedAt")]
    completed_at: Annotated[AwareDatetime | None, Field(alias="completedAt")]
    previous_score: Annotated[int | None, Field(alias="previousScore")]
    """
    The score before it
    """
    new_score: Annotated[int | None, Field(alias="newScore")]
    """
    The score with it
    """
    verdict: str | None
    """
    Of the screening, or of the last decision
    """
    verdict_reason: Annotated[str | None, Field(alias="verdictReason")]
    policy_no: Annotated[int | None, Field(alias="policyNo")]
    """
    By which it was judged
    """
    thresholds: Thresholds | None
    """
    null before the screening
    """
    step_up: Annotated[str | None, Field(alias="stepUp")]
    """
    What vouched for it: `none`, `totp` or `signature`
    """
    client: TracedClient | None
    checks: list[dict[str, Any]]
    """
    Each `check` with its `outcome`: `pass`, `found`, or `off` when the policy is without it. With `found` come its `score`, `points`, `reason`, what it has `seen`, its `version`, and `snoozed` or `shadow` when it did not count. None before the screening
    """
    decisions: list[Act]
    appeal: Appeal | None
    transitions: list[Transition]
    """
    Those whose audit entries are known by the action's batches
    """


class CaseClaim(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    by: str
    """
    A user id
    """
    username: str | None
    until: AwareDatetime
    is_mine: Annotated[bool, Field(alias="isMine")]


class Case(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    case_id: Annotated[UUID, Field(alias="caseId")]
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    state: Literal["open", "closed"]
    opened_at: Annotated[AwareDatetime, Field(alias="openedAt")]
    last_signal_at: Annotated[AwareDatetime, Field(alias="lastSignalAt")]
    """
    When an action was held last, or an appeal came
    """
    closed_at: Annotated[AwareDatetime | None, Field(alias="closedAt")]
    held_actions: Annotated[int, Field(alias="heldActions")]
    """
    Held now, counted up to 1,000
    """
    held_score: Annotated[int, Field(alias="heldScore")]
    """
    What they are worth together
    """
    reasons: dict[str, int]
    """
    How many are held for which reason
    """
    open_appeals: Annotated[int, Field(alias="openAppeals")]
    """
    That wait for an answer
    """
    claim: CaseClaim | None


class Cases(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    cases: list[Case]
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class HeldAction(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    score: int
    """
    What it would add
    """
    reason: str | None
    """
    Public: the player sees it
    """
    action_type: Annotated[str | None, Field(alias="actionType")]
    timestamp: AwareDatetime | None
    """
    By the client's clock
    """
    accepted_at: Annotated[AwareDatetime, Field(alias="acceptedAt")]
    checks: dict[str, Any] | None
    """
    What the checks have found
    """
    policy_no: Annotated[int | None, Field(alias="policyNo")]
    """
    By which it was judged
    """


class CaseDetails(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    case_id: Annotated[UUID, Field(alias="caseId")]
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    state: Literal["open", "closed"]
    opened_at: Annotated[AwareDatetime, Field(alias="openedAt")]
    last_signal_at: Annotated[AwareDatetime, Field(alias="lastSignalAt")]
    """
    When an action was held last, or an appeal came
    """
    closed_at: Annotated[AwareDatetime | None, Field(alias="closedAt")]
    held_actions: Annotated[int, Field(alias="heldActions")]
    """
    Held now, counted up to 1,000
    """
    held_score: Annotated[int, Field(alias="heldScore")]
    """
    What they are worth together
    """
    reasons: dict[str, int]
    """
    How many are held for which reason
    """
    open_appeals: Annotated[int, Field(alias="openAppeals")]
    """
    That wait for an answer
    """
    claim: CaseClaim | None
    held: list[HeldAction]
    appeals: list[Appeal]
    acts: list[Act]


class Claimed(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    case_id: Annotated[UUID, Field(alias="caseId")]
    by: str
    until: AwareDatetime


class ReasonBody(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    reason: Annotated[str, Field(max_length=1000)]
    """
    Why; for moderators, never shown to the player
    """


class CheckPolicy(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    points: float | None = None
    """
    0 to 1000000
    """
    settings: dict[str, float] | None = None


class PolicyDefinition(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    hold_at: Annotated[float | None, Field(alias="holdAt")] = None
    """
    100 by default
    """
    reject_at: Annotated[float | None, Field(alias="rejectAt")] = None
    """
    1000 by default; more than `holdAt`
    """
    checks: dict[str, CheckPolicy] | None = None
    """
    By name; a check that is left out is off
    """


class Policy(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    policy: int
    """
    Its number
    """
    state: Literal["draft", "shadow", "live", "retired"]
    definition: PolicyDefinition
    note: str
    problems: dict[str, Any] | None
    """
    Why this version of the program cannot use it, by path
    """
    created_by: Annotated[str, Field(alias="createdBy")]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    live_from: Annotated[AwareDatetime | None, Field(alias="liveFrom")]
    live_until: Annotated[AwareDatetime | None, Field(alias="liveUntil")]


class Policies(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    policies: list[Policy]
    default: PolicyDefinition
    etag: str
    """
    For `If-Match`
    """


class NewPolicy(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    definition: dict[str, Any]
    state: Literal["draft", "shadow", "live"] | None = "draft"
    note: Annotated[str, Field(max_length=1000)]


class PolicyReason(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    reason: Annotated[str, Field(max_length=1000)]


class RunningBan(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    reason: str
    """
    Public: the player sees it
    """
    from_: Annotated[AwareDatetime, Field(alias="from")]
    until: AwareDatetime | None
    """
    null: for good
    """


class FoundPlayer(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    score: int
    """
    The sum of the applied actions, those of a banned player too
    """
    total_actions: Annotated[int, Field(alias="totalActions")]
    """
    Applied actions
    """
    ban: RunningBan | None
    case_id: Annotated[UUID | None, Field(alias="caseId")]
    """
    Of the open case
    """


class FoundPlayers(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    users: list[FoundPlayer]
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class PlayerAction(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    status: Literal["pending", "applied", "rejected", "quarantined", "failed", "voided"]
    reason: str | None
    score: int
    """
    What it adds
    """
    accepted_at: Annotated[AwareDatetime, Field(alias="acceptedAt")]
    completed_at: Annotated[AwareDatetime | None, Field(alias="completedAt")]


class PlayerClient(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    device: str
    address: str
    country: str | None
    """
    ISO 3166-1
    """
    is_hosting: Annotated[bool, Field(alias="isHosting")]
    names_device: Annotated[bool, Field(alias="namesDevice")]
    """
    Whether it has named its device
    """
    actions: int
    """
    Of the last 200
    """
    last_used_at: Annotated[AwareDatetime, Field(alias="lastUsedAt")]
    others_on_device: Annotated[int, Field(alias="othersOnDevice")]
    """
    Other players, counted up to 1,000
    """
    others_on_address: Annotated[int, Field(alias="othersOnAddress")]
    """
    Other players, counted up to 1,000
    """


class PlayerOverview(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    score: int
    """
    The sum of the applied actions, those of a banned player too
    """
    total_actions: Annotated[int, Field(alias="totalActions")]
    """
    Applied actions
    """
    ban: RunningBan | None
    case_id: Annotated[UUID | None, Field(alias="caseId")]
    """
    Of the open case
    """
    snoozes: dict[str, AwareDatetime]
    """
    By check: until when it does not count
    """
    actions: list[PlayerAction]
    acts: list[Act]
    appeals: list[Appeal]
    clients: list[PlayerClient]


class BanBody(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    until: AwareDatetime | None = None
    """
    null or absent: for good
    """
    reason: Literal["CHEATING", "EXPLOITING", "ABUSE", "OTHER"]
    """
    Public: the player is told
    """
    note: Annotated[str | None, Field(max_length=1000)] = ""
    """
    For moderators, never shown to the player
    """


class Banned(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    reason: str
    """
    Public: the player sees it
    """
    from_: Annotated[AwareDatetime, Field(alias="from")]
    until: AwareDatetime | None
    """
    null: for good
    """
    user_id: Annotated[UUID, Field(alias="userId")]


class SnoozeBody(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    check: Annotated[str, Field(max_length=64, min_length=1)]
    """
    Its name
    """
    until: AwareDatetime
    reason: Annotated[str, Field(max_length=1000)]
    """
    Why; for moderators, never shown to the player
    """


class Snoozed(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    check: str
    until: AwareDatetime


class Health(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    status: str
    parts: dict[str, dict[str, Any]]
    """
    Each with `ok`, `ms` and, if it is not ok, `error`
    """


class Histogram(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    count: float
    """
    How many since the processes began to count
    """
    sum: float
    """
    Of all of them; times are in seconds
    """
    bounds: list[float]
    """
    Ascending
    """
    at_most: Annotated[list[float], Field(alias="atMost")]
    """
    As many as there are bounds
    """


class OpsActions(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    applied: float
    """
    Actions applied to a score; only grows
    """
    answer_seconds: Annotated[Histogram, Field(alias="answerSeconds")]
    held: float
    """
    Actions held for review now, counted up to 10,000
    """


class OpsQueue(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    age_seconds: Annotated[float, Field(alias="ageSeconds")]
    """
    The queue's age now
    """
    lengths: dict[str, float]
    """
    Messages that no worker has taken, by queue
    """
    recoveries: dict[str, float]
    """
    What the keeper did to stalled batches, by remedy; only grow
    """


class OpsRequests(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    answered: float
    """
    All
    """
    refused: float
    """
    Answers of 400 to 499
    """
    limited: float
    """
    Answers of 429
    """
    failed: float
    """
    Answers of 500 and above
    """


class OpsListeners(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    open: float
    """
    Open now
    """
    closed: float
    """
    Ended; only grows
    """
    too_slow: Annotated[float, Field(alias="tooSlow")]
    """
    Ended because the client was too slow; only grows
    """
    fan_out_seconds: Annotated[Histogram, Field(alias="fanOutSeconds")]


class OpsFraud(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    verdicts: dict[str, float]
    """
    Actions by verdict
    """
    reasons: dict[str, float]
    """
    Rejected and held ones by reason, as far as there are any
    """


class OpsRedis(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    breakers_open: Annotated[float, Field(alias="breakersOpen")]
    """
    Processes that have given Redis up now
    """
    breaker_openings: Annotated[float, Field(alias="breakerOpenings")]
    """
    Times that one did; only grows
    """
    errors: float
    """
    Commands that Redis answered with an error; only grows
    """


class OpsDatabase(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    in_use: Annotated[dict[str, float], Field(alias="inUse")]
    """
    In use now
    """
    size: dict[str, float]
    """
    How many may be
    """


class OpsNumbers(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    at: AwareDatetime
    """
    When they were read
    """
    version: str
    instance: str
    """
    Whose numbers these are; behind a balancer there are several
    """
    scope: Literal["machine", "process"]
    """
    Of which processes: without PROMETHEUS_MULTIPROC_DIR of one
    """
    health: Health
    actions: OpsActions
    batches: Histogram
    stages: dict[str, Histogram]
    queue: OpsQueue
    requests: OpsRequests
    listeners: OpsListeners
    caches: dict[str, dict[str, float]]
    """
    Reads by cache and `hit` or `miss`; only grow
    """
    fraud: OpsFraud
    redis: OpsRedis
    database: OpsDatabase
    background_failures: Annotated[float, Field(alias="backgroundFailures")]
    """
    Steps of background threads that failed; only grows
    """


class Ticket(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    ticket: str
    """
    Offered as the subprotocol `ticket.<ticket>`
    """
    expires_in: Annotated[int, Field(alias="expiresIn")]
    """
    Seconds until it expires
    """
    url: str
    """
    Address of the WebSocket server
    """


class PlaySession(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID | None, Field(alias="userId")] = None
    """
    The player; only a token with the role `service` may name one
    """


class OpenedPlaySession(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    session_id: Annotated[UUID, Field(alias="sessionId")]
    """
    What actions name as `metadata.sessionId`
    """
    started_at: Annotated[AwareDatetime, Field(alias="startedAt")]
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]


class PlayerPlace(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    revision: int | None
    """
    Of a sealed period's last seal, else null
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players in the ranking
    """
    percentile: float | None
    """
    100 · (totalUsers - rank) / totalUsers
    """
    gap_to_next: Annotated[float | None, Field(alias="gapToNext")]
    """
    What the score lacks to the next better rank; null for the first
    """
    rank_at_day_start: Annotated[int | None, Field(alias="rankAtDayStart")]
    """
    Where the player was when the board's local day began; null for nowhere, and when it is not known
    """
    title: str
    rank: int
    """
    The player's rank there
    """
    score: float
    """
    In the board's own unit
    """


class PlayerPlaces(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    places: list[PlayerPlace]
    """
    Of the first 20 boards
    """


class ScorePoint(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    at: AwareDatetime
    """
    When the action was accepted
    """
    score: int
    """
    The score with it, as it was then
    """


class PublicAction(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    at: AwareDatetime
    """
    When it was accepted
    """
    action_type: Annotated[str | None, Field(alias="actionType")]
    score: int
    """
    What it added
    """
    new_score: Annotated[int | None, Field(alias="newScore")]
    """
    The score with it
    """


class PlayerHistory(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    score: int
    """
    The sum of the applied actions
    """
    rank: int | None
    """
    null when not on the board
    """
    total_actions: Annotated[int, Field(alias="totalActions")]
    """
    Applied actions
    """
    first_action: Annotated[AwareDatetime | None, Field(alias="firstAction")]
    last_action: Annotated[AwareDatetime | None, Field(alias="lastAction")]
    is_whole: Annotated[bool, Field(alias="isWhole")]
    """
    Whether there is a point for every applied action that is kept
    """
    points: list[ScorePoint]
    """
    At most 120, the first first
    """
    last_actions: Annotated[list[PublicAction], Field(alias="lastActions")]
    """
    At most 10, the newest first
    """


class PastStanding(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    at: AwareDatetime
    period: str | None
    """
    The key of the period that the moment is in, or ends
    """
    rank: int | None
    """
    null where the player was not on the board
    """
    score: float | None
    columns: list[float]
    """
    The tie-breakers' numbers
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players in the ranking at that moment
    """


class RankHistory(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str | None
    """
    The key of the period that `at` is in, or ends; else of now
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    points: list[PastStanding] | None = None
    at: AwareDatetime | None = None
    rank: int | None = None
    score: float | None = None
    columns: list[float] | None = None
    total_users: Annotated[int | None, Field(alias="totalUsers")] = None


class PlayerScore(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    score: int
    """
    The sum of the applied actions
    """
    rank: int | None
    """
    null when not on the board
    """
    total_actions: Annotated[int, Field(alias="totalActions")]
    """
    Applied actions
    """
    first_action: Annotated[AwareDatetime | None, Field(alias="firstAction")]
    last_action: Annotated[AwareDatetime | None, Field(alias="lastAction")]


class OpenSession(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    session_id: Annotated[UUID, Field(alias="sessionId")]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]


class GrantedReward(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    period: str
    segment: str
    """
    Empty for a board that is not split
    """
    rank: int
    """
    In the standings that were sealed first
    """
    reward: str
    granted_at: Annotated[AwareDatetime, Field(alias="grantedAt")]


class AccountExport(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str
    score: int
    """
    The sum of the applied actions
    """
    rank: int | None
    """
    null when not on the board
    """
    total_actions: Annotated[int, Field(alias="totalActions")]
    """
    Applied actions
    """
    first_action: Annotated[AwareDatetime | None, Field(alias="firstAction")]
    last_action: Annotated[AwareDatetime | None, Field(alias="lastAction")]
    has_password: Annotated[bool, Field(alias="hasPassword")]
    has_second_factor: Annotated[bool, Field(alias="hasSecondFactor")]
    attributes: dict[str, str]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    sessions: list[OpenSession]
    rewards: list[GrantedReward]
    actions: list[ActionRecord]
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class AccountChange(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    username: Annotated[str | None, Field(max_length=200, min_length=1)] = None
    password: Annotated[SecretStr | None, Field(max_length=128, min_length=8)] = None
    current_password: Annotated[
        SecretStr | None, Field(alias="currentPassword", max_length=128, min_length=1)
    ] = None
    """
    Of an account that has one; not for attributes alone
    """
    attributes: dict[str, str | None] | None = None
    """
    Changes: a text of at most 64 characters, or null that removes one. At most 8 in all; names of 1 to 32 of a-z, 0-9 and inner hyphens; `country` is two capital letters
    """


class Account(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    username: str


class AccountDeletion(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    current_password: Annotated[
        SecretStr | None, Field(alias="currentPassword", max_length=128, min_length=1)
    ] = None
    """
    Of an account that has one
    """


class FullExport(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    cursor: Annotated[str | None, Field(max_length=200, min_length=1)] = None
    """
    `nextCursor` of the page before
    """
    limit: Annotated[int | None, Field(ge=1, le=1000)] = 1000


class FullExportPage(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    account: dict[str, Any] | None
    """
    On the first page; null on the others
    """
    actions: list[ActionRecord]
    archived: bool
    """
    Whether the actions are from the archives
    """
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class GrantedRewards(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    rewards: list[GrantedReward]
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class FactorSetUp(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    current_password: Annotated[
        SecretStr | None, Field(alias="currentPassword", max_length=128, min_length=1)
    ] = None
    """
    Of an account that has one
    """


class NewFactor(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    secret: str
    """
    In base32, to type it in
    """
    uri: str
    """
    `otpauth://…`, to be shown as a QR code
    """


class FactorRemoval(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
        regex_engine="python-re",
    )
    code: Annotated[str, Field(pattern="[0-9]{6}\\Z")]
    """
    Six digits, as the app shows them now
    """
    current_password: Annotated[
        SecretStr | None, Field(alias="currentPassword", max_length=128, min_length=1)
    ] = None
    """
    Of an account that has one
    """


class Code(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
        regex_engine="python-re",
    )
    code: Annotated[str, Field(pattern="[0-9]{6}\\Z")]
    """
    Six digits, as the app shows them now
    """


class Status(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    status: str
