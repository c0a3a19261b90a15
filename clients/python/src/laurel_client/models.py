"""The answers of the API, made by `python3 run.py client-models`; do not edit."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr


class BatchElement(BaseModel):
    """
    One action of a batch.
    """

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


class CompleteAction(BaseModel):
    """
    One action a player has completed.
    """

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
    """
    An applied action.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    success: bool
    """
    `true`: it was done
    """
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
    """
    The action's id, as its client made it
    """
    boards: dict[str, str] | None = None
    """
    By board that the action is for: why it does not count there
    """


class Accepted(BaseModel):
    """
    A stored action whose outcome is not known yet, or that is held for review.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    success: bool
    """
    `true`: it was done
    """
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    The action's id, as its client made it
    """
    status: str
    """
    What became of the action
    """


class Batch(BaseModel):
    """
    Actions, applied in their order; an invalid one fails alone.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    actions: Annotated[list[BatchElement], Field(max_length=1000, min_length=1)]
    """
    1 to 1,000 actions, in their order of effect
    """


class OwnAppeal(BaseModel):
    """
    The player's appeal against an action.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    at: AwareDatetime
    """
    When the player appealed
    """
    state: str
    """
    What state it is in
    """


class ActionRecord(BaseModel):
    """
    An action as its owner sees it later.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    The action's id, as its client made it
    """
    status: str
    """
    What became of it so far
    """
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
    """
    When it came in, by the server's clock
    """
    completed_at: Annotated[AwareDatetime | None, Field(alias="completedAt")]
    """
    When it became final; null while it is pending
    """
    boards: dict[str, str] | None = None
    """
    By board that the action is for: why it does not count there
    """
    appeal: OwnAppeal | None = None
    """
    The player's appeal, if there is one
    """


class AppealBody(BaseModel):
    """
    What a player says against a decision on an action.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    message: Annotated[str, Field(max_length=1000)]
    """
    In the player's words, 1 to 1,000 characters
    """


class Appealed(BaseModel):
    """
    An appeal that was taken.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    The action's id, as its client made it
    """
    at: AwareDatetime
    """
    When it came in
    """
    state: str
    """
    What state it is in
    """


class History(BaseModel):
    """
    One page of a player's actions.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    actions: list[ActionRecord]
    """
    The newest first
    """
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class PlaySession(BaseModel):
    """
    Whose play session it is to be.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID | None, Field(alias="userId")] = None
    """
    The player; only a token with the role `service` may name one
    """


class OpenedPlaySession(BaseModel):
    """
    A play session that has begun; times are the server's.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    session_id: Annotated[UUID, Field(alias="sessionId")]
    """
    What actions name as `metadata.sessionId`
    """
    started_at: Annotated[AwareDatetime, Field(alias="startedAt")]
    """
    When it began
    """
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]
    """
    When it ends
    """


class Standing(BaseModel):
    """
    One row of the leaderboard.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    rank: int
    """
    From 1; unique: of equal scores the one reached first ranks higher
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
    score: int
    """
    The sum of the applied actions
    """
    last_update: Annotated[AwareDatetime, Field(alias="lastUpdate")]
    """
    When the score changed last
    """


class LeaderboardPage(BaseModel):
    """
    One page of the board; the first is the top.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    leaderboard: list[Standing]
    """
    The rows, from the best
    """
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
    """
    The caller's standing, those around it, and the top, all of one moment.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    leaderboard: list[Standing]
    """
    The rows, from the best
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players on the board
    """
    last_updated: Annotated[AwareDatetime | None, Field(alias="lastUpdated")]
    """
    null while the board is empty
    """
    you: Standing | None
    """
    The caller's row; null for a player who is not there
    """
    percentile: float | None
    """
    100 · (totalUsers - rank) / totalUsers
    """
    around: list[Standing]
    """
    The rows around it, and it, from the best
    """


class PlayerScore(BaseModel):
    """
    A player's score, statistics and rank.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
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
    """
    When the first applied action came in; null before
    """
    last_action: Annotated[AwareDatetime | None, Field(alias="lastAction")]
    """
    When the last applied action came in; null before
    """


class ScorePoint(BaseModel):
    """
    The score with one action.
    """

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
    """
    An applied action, as everybody may see it.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    at: AwareDatetime
    """
    When it was accepted
    """
    action_type: Annotated[str | None, Field(alias="actionType")]
    """
    What kind of action it was, as the game named it
    """
    score: int
    """
    What it added
    """
    new_score: Annotated[int | None, Field(alias="newScore")]
    """
    The score with it
    """


class PlayerHistory(BaseModel):
    """
    A player's numbers, the score over time, and the last actions.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
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
    """
    When the first applied action came in; null before
    """
    last_action: Annotated[AwareDatetime | None, Field(alias="lastAction")]
    """
    When the last applied action came in; null before
    """
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


class Board(BaseModel):
    """
    A board and its period of now.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    """
    The period's first moment; null where it has none
    """
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    state: str
    """
    What state it is in
    """
    definition: dict[str, Any]
    """
    All that decides the board
    """


class Boards(BaseModel):
    """
    The boards that the caller may read.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    boards: list[Board]
    """
    The boards that the caller may read
    """


class BoardBuilding(BaseModel):
    """
    The version of a board that is being computed.
    """

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
    """
    A board, its segments, and what is being computed.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    """
    The period's first moment; null where it has none
    """
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    state: str
    """
    What state it is in
    """
    definition: dict[str, Any]
    """
    All that decides the board
    """
    segments: list[str] | None
    """
    Those with players in the period of now, at most 1,000
    """
    building: BoardBuilding | None
    """
    The version that is being computed; null without one
    """


class BoardStanding(BaseModel):
    """
    One row of a board.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    rank: int
    """
    From 1; by the board's rule players who are tied share it
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
    score: float
    """
    The board's value
    """
    columns: list[float]
    """
    The tie-breakers' numbers
    """
    last_update: Annotated[AwareDatetime, Field(alias="lastUpdate")]
    """
    When the score changed last
    """


class BoardStandings(BaseModel):
    """
    One page of a board.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    """
    The period's first moment; null where it has none
    """
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    """
    The segment that is ranked; null for a board that is not split
    """
    revision: int | None
    """
    Of a sealed period's last seal, else null
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players in the ranking
    """
    leaderboard: list[BoardStanding]
    """
    The rows, from the best
    """
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class BoardRank(BaseModel):
    """
    The rank that a score would get.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    """
    The period's first moment; null where it has none
    """
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    """
    The segment that is ranked; null for a board that is not split
    """
    revision: int | None
    """
    Of a sealed period's last seal, else null
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players in the ranking
    """
    score: float
    """
    The score that was asked for
    """
    rank: int
    """
    Behind players with the same score, or with them where they share a rank
    """


class BoardNeighborhood(BaseModel):
    """
    The caller's standing, those around it, and the top, all of one moment.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    """
    The period's first moment; null where it has none
    """
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    """
    The segment that is ranked; null for a board that is not split
    """
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
    """
    The caller's row; null for a player who is not there
    """
    around: list[BoardStanding]
    """
    The rows around it, and it, from the best
    """
    leaderboard: list[BoardStanding]
    """
    The rows, from the best
    """


class BoardPlayer(BaseModel):
    """
    One player's standing.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    """
    The period's first moment; null where it has none
    """
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    """
    The segment that is ranked; null for a board that is not split
    """
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
    """
    The player's row
    """


class PlayerScores(BaseModel):
    """
    The last scores of one player.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    scores: list[float]
    """
    At most 12, the first first; the last is that of now
    """


class PastScores(BaseModel):
    """
    The last scores of players in the ranking of now.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    """
    The period's first moment; null where it has none
    """
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    """
    The segment that is ranked; null for a board that is not split
    """
    players: list[PlayerScores]
    """
    Those who are in the ranking, in the order of the question
    """


class PastStanding(BaseModel):
    """
    Where a player stood at a moment.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    at: AwareDatetime
    """
    The moment
    """
    period: str | None
    """
    The key of the period that the moment is in, or ends
    """
    rank: int | None
    """
    null where the player was not on the board
    """
    score: float | None
    """
    The board's value then; null where the player was not on it
    """
    columns: list[float]
    """
    The tie-breakers' numbers
    """
    total_users: Annotated[int, Field(alias="totalUsers")]
    """
    Players in the ranking at that moment
    """


class RankHistory(BaseModel):
    """
    A player's past on a board: `points`, or with `at` the fields of one of them instead.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str | None
    """
    The key of the period that `at` is in, or ends; else of now
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    """
    The period's first moment; null where it has none
    """
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    points: list[PastStanding] | None = None
    """
    The moments, from the first; only without `at`
    """
    at: AwareDatetime | None = None
    """
    The moment that was asked for; only with `at`
    """
    rank: int | None = None
    """
    null where the player was not on the board; only with `at`
    """
    score: float | None = None
    """
    null where the player was not on the board; only with `at`
    """
    columns: list[float] | None = None
    """
    The tie-breakers' numbers
    """
    total_users: Annotated[int | None, Field(alias="totalUsers")] = None
    """
    Players in the ranking
    """


class PlayerPlace(BaseModel):
    """
    A player's place on a board.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    board_version: Annotated[int, Field(alias="boardVersion")]
    """
    Of the definition by which the answer was counted
    """
    period: str
    """
    The period's key
    """
    period_start: Annotated[AwareDatetime | None, Field(alias="periodStart")]
    """
    The period's first moment; null where it has none
    """
    period_end: Annotated[AwareDatetime | None, Field(alias="periodEnd")]
    """
    The first moment behind it
    """
    next_reset: Annotated[AwareDatetime | None, Field(alias="nextReset")]
    """
    When the period of now ends
    """
    segment: str | None
    """
    The segment that is ranked; null for a board that is not split
    """
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
    """
    For people
    """
    rank: int
    """
    The player's rank there
    """
    score: float
    """
    In the board's own unit
    """


class PlayerPlaces(BaseModel):
    """
    A player's places on boards that the caller may read.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    places: list[PlayerPlace]
    """
    Of the first 20 boards
    """


class Joined(BaseModel):
    """
    Since when the caller's actions count on the board.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    joined_at: Annotated[AwareDatetime, Field(alias="joinedAt")]
    """
    Since when the caller's actions count there
    """


class Registration(BaseModel):
    """
    A new player's name and password.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    username: Annotated[str, Field(max_length=200, min_length=1)]
    """
    3 to 32 characters after NFKC with a letter or digit; none that nobody sees; no scripts that look alike; unlike every other name, whatever the case
    """
    password: Annotated[SecretStr, Field(max_length=128, min_length=8)]
    """
    8 to 128 characters
    """


class Session(BaseModel):
    """
    A new login.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
    access_token: Annotated[str, Field(alias="accessToken")]
    """
    Sent as `Authorization: Bearer …`
    """
    refresh_token: Annotated[str, Field(alias="refreshToken")]
    """
    For the next access token; each is good for one request
    """
    expires_in: Annotated[int, Field(alias="expiresIn")]
    """
    Seconds until the access token expires
    """


class Login(BaseModel):
    """
    A player's name and password.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    username: Annotated[str, Field(max_length=200, min_length=1)]
    """
    The player's name
    """
    password: Annotated[SecretStr, Field(max_length=128, min_length=1)]
    """
    8 to 128 characters
    """


class Refresh(BaseModel):
    """
    The refresh token that a login or the last refresh returned.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    refresh_token: Annotated[str, Field(alias="refreshToken", max_length=4096, min_length=1)]
    """
    For the next access token; each is good for one request
    """


class Refreshed(BaseModel):
    """
    A new access token, and the refresh token to use next.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    access_token: Annotated[str, Field(alias="accessToken")]
    """
    Sent as `Authorization: Bearer …`
    """
    refresh_token: Annotated[str, Field(alias="refreshToken")]
    """
    Replaces the one that was sent
    """
    expires_in: Annotated[int, Field(alias="expiresIn")]
    """
    Seconds until the access token expires
    """


class Spectator(BaseModel):
    """
    A token that may look at boards and players; it belongs to no account.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    access_token: Annotated[str, Field(alias="accessToken")]
    """
    Sent as `Authorization: Bearer …`
    """
    expires_in: Annotated[int, Field(alias="expiresIn")]
    """
    Seconds until the access token expires; then ask for another
    """


class OpenSession(BaseModel):
    """
    One login that has not ended.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    session_id: Annotated[UUID, Field(alias="sessionId")]
    """
    The session's id
    """
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """
    When it was made
    """
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]
    """
    When it ends
    """


class GrantedReward(BaseModel):
    """
    What a player was granted when a period closed.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: str
    """
    The board's id
    """
    period: str
    """
    The key of the period that closed
    """
    segment: str
    """
    Empty for a board that is not split
    """
    rank: int
    """
    In the standings that were sealed first
    """
    reward: str
    """
    What was granted, in the words of the board's definition
    """
    granted_at: Annotated[AwareDatetime, Field(alias="grantedAt")]
    """
    When the period closed
    """


class AccountExport(BaseModel):
    """
    What is stored of a player, with one page of the actions, newest first.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
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
    """
    When the first applied action came in; null before
    """
    last_action: Annotated[AwareDatetime | None, Field(alias="lastAction")]
    """
    When the last applied action came in; null before
    """
    has_password: Annotated[bool, Field(alias="hasPassword")]
    """
    Whether it has a password; players of another identity provider have none
    """
    has_second_factor: Annotated[bool, Field(alias="hasSecondFactor")]
    """
    Whether a second factor is confirmed
    """
    attributes: dict[str, str]
    """
    What the game knows of the player, such as `country`
    """
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """
    When it was made
    """
    sessions: list[OpenSession]
    """
    Logins that have not ended
    """
    rewards: list[GrantedReward]
    """
    What closed periods have granted, the last 10,000
    """
    actions: list[ActionRecord]
    """
    One page of the actions, the newest first
    """
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class FullExport(BaseModel):
    """
    Which page of everything that is stored of the caller.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    cursor: Annotated[str | None, Field(max_length=200, min_length=1)] = None
    """
    `nextCursor` of the page before
    """
    limit: Annotated[int | None, Field(ge=1, le=1000)] = 1000
    """
    How many actions a page has at most
    """


class FullExportPage(BaseModel):
    """
    A page of everything that is stored of a player: the account first, then the actions.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    account: dict[str, Any] | None
    """
    On the first page; null on the others
    """
    actions: list[ActionRecord]
    """
    One page of the actions, the newest first
    """
    archived: bool
    """
    Whether the actions are from the archives
    """
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class GrantedRewards(BaseModel):
    """
    One page of a player's rewards, the last one first.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    rewards: list[GrantedReward]
    """
    The last one first
    """
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class AccountChange(BaseModel):
    """
    What to change of the caller's account: one or more of name, password and attributes.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    username: Annotated[str | None, Field(max_length=200, min_length=1)] = None
    """
    The new name
    """
    password: Annotated[SecretStr | None, Field(max_length=128, min_length=8)] = None
    """
    8 to 128 characters
    """
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
    """
    The account after a change.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """


class AccountDeletion(BaseModel):
    """
    The end of the caller's account.
    """

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


class FactorSetUp(BaseModel):
    """
    The wish for a second factor.
    """

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
    """
    The secret of a second factor; it is shown this once.
    """

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


class Code(BaseModel):
    """
    A code of the second factor.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
        regex_engine="python-re",
    )
    code: Annotated[str, Field(pattern="[0-9]{6}\\Z")]
    """
    Six digits, as the app shows them now
    """


class FactorRemoval(BaseModel):
    """
    The end of a second factor.
    """

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


class Ticket(BaseModel):
    """
    A ticket for one WebSocket.
    """

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


class CaseClaim(BaseModel):
    """
    Who decides in a case now.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    by: str
    """
    A user id
    """
    username: str | None
    """
    The moderator's name, if it is known here
    """
    until: AwareDatetime
    """
    When it ends
    """
    is_mine: Annotated[bool, Field(alias="isMine")]
    """
    Whether it is the caller's
    """


class Case(BaseModel):
    """
    What is to be decided of one player.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    case_id: Annotated[UUID, Field(alias="caseId")]
    """
    The case's id
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
    state: str
    """
    What state it is in
    """
    opened_at: Annotated[AwareDatetime, Field(alias="openedAt")]
    """
    When the first action was held, or the first appeal came
    """
    last_signal_at: Annotated[AwareDatetime, Field(alias="lastSignalAt")]
    """
    When an action was held last, or an appeal came
    """
    closed_at: Annotated[AwareDatetime | None, Field(alias="closedAt")]
    """
    When it was closed; null while it is open
    """
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
    """
    Who decides now; null when nobody has claimed it
    """


class Cases(BaseModel):
    """
    One page of cases.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    cases: list[Case]
    """
    The newest signal first
    """
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class HeldAction(BaseModel):
    """
    An action that waits for a decision.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    The action's id, as its client made it
    """
    score: int
    """
    What it would add
    """
    reason: str | None
    """
    Public: the player sees it
    """
    action_type: Annotated[str | None, Field(alias="actionType")]
    """
    What kind of action it was, as the game named it
    """
    timestamp: AwareDatetime | None
    """
    By the client's clock
    """
    accepted_at: Annotated[AwareDatetime, Field(alias="acceptedAt")]
    """
    When it came in, by the server's clock
    """
    checks: dict[str, Any] | None
    """
    What the checks have found
    """
    policy_no: Annotated[int | None, Field(alias="policyNo")]
    """
    By which it was judged
    """


class Appeal(BaseModel):
    """
    What a player says against a decision.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    The action's id, as its client made it
    """
    message: str
    """
    In the player's words
    """
    at: AwareDatetime
    """
    When the player appealed
    """
    state: str
    """
    What state it is in
    """
    decided_at: Annotated[AwareDatetime | None, Field(alias="decidedAt")]
    """
    When it was answered; null while it is open
    """


class Act(BaseModel):
    """
    What a moderator did, and the audit entry of it.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    act_id: Annotated[UUID, Field(alias="actId")]
    """
    Names what was done
    """
    kind: str
    """
    What was done
    """
    by: str
    """
    A user id, `operator:` and a name, or `keeper` when a ban's time is over
    """
    user_id: Annotated[UUID | None, Field(alias="userId")]
    """
    The player it was about
    """
    action_id: Annotated[UUID | None, Field(alias="actionId")]
    """
    The action it was about; null for other acts
    """
    case_id: Annotated[UUID | None, Field(alias="caseId")]
    """
    The case it was done in; null outside of cases
    """
    reason: str
    """
    Why; for moderators, never shown to the player
    """
    details: dict[str, Any] | None
    """
    Facts that belong to it
    """
    at: AwareDatetime
    """
    When it was done
    """
    seq: int | None
    """
    Of the audit entry
    """
    hash: str | None
    """
    Of the audit entry
    """


class CaseDetails(BaseModel):
    """
    A case with what a moderator decides by; of each list the last 200.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    case_id: Annotated[UUID, Field(alias="caseId")]
    """
    The case's id
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
    state: str
    """
    What state it is in
    """
    opened_at: Annotated[AwareDatetime, Field(alias="openedAt")]
    """
    When the first action was held, or the first appeal came
    """
    last_signal_at: Annotated[AwareDatetime, Field(alias="lastSignalAt")]
    """
    When an action was held last, or an appeal came
    """
    closed_at: Annotated[AwareDatetime | None, Field(alias="closedAt")]
    """
    When it was closed; null while it is open
    """
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
    """
    Who decides now; null when nobody has claimed it
    """
    held: list[HeldAction]
    """
    The actions that wait for a decision
    """
    appeals: list[Appeal]
    """
    The player's appeals, the last first
    """
    acts: list[Act]
    """
    What moderators did, the last first
    """


class Claimed(BaseModel):
    """
    A claim that was taken or renewed.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    case_id: Annotated[UUID, Field(alias="caseId")]
    """
    The case's id
    """
    by: str
    """
    The moderator's user id
    """
    until: AwareDatetime
    """
    When it ends
    """


class ReasonBody(BaseModel):
    """
    Why something is closed or ended.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    reason: Annotated[str, Field(max_length=1000)]
    """
    Why; for moderators, never shown to the player
    """


class DecisionBody(BaseModel):
    """
    What a moderator decides of an action.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    decision: str
    """
    What is to become of the action
    """
    reason: Annotated[str, Field(max_length=1000)]
    """
    Why; for moderators, never shown to the player
    """


class Decided(BaseModel):
    """
    A decision that was taken.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    The action's id, as its client made it
    """
    decision: str
    """
    What was decided
    """
    status: str
    """
    `pending` with a 202
    """


class Thresholds(BaseModel):
    """
    From how many points on the policy that judged holds and rejects.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    hold_at: Annotated[float, Field(alias="holdAt")]
    """
    From how many points on an action is held
    """
    reject_at: Annotated[float, Field(alias="rejectAt")]
    """
    From how many points on an action is rejected
    """


class TracedClient(BaseModel):
    """
    From where an action came; device and address are short labels, not their hashes.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    device: str
    """
    A short label of the device, by which one can tell it from others
    """
    address: str
    """
    A short label of the address, by which one can tell it from others
    """
    country: str | None
    """
    ISO 3166-1
    """
    is_hosting: Annotated[bool, Field(alias="isHosting")]
    """
    Whether the address is of a hosting provider
    """


class Transition(BaseModel):
    """
    A final state of an action, and the audit entry that has it.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    status: str
    """
    What became of the action
    """
    reason: str | None
    """
    Why; null without a reason
    """
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
    """
    Why an action is what it is; of an archived one what the database still has.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    The action's id, as its client made it
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
    is_archived: Annotated[bool, Field(alias="isArchived")]
    """
    Its row is in an archive: what only that has is null here
    """
    status: str | None
    """
    What became of the action
    """
    reason: str | None
    """
    Public: the player sees it
    """
    score: int | None
    """
    What it adds
    """
    action_type: Annotated[str | None, Field(alias="actionType")]
    """
    What kind of action it was, as the game named it
    """
    timestamp: AwareDatetime | None
    """
    By the client's clock
    """
    metadata: dict[str, Any] | None
    """
    As it was sent; null of an archived action
    """
    accepted_at: Annotated[AwareDatetime, Field(alias="acceptedAt")]
    """
    When it came in, by the server's clock
    """
    completed_at: Annotated[AwareDatetime | None, Field(alias="completedAt")]
    """
    When it became final; null while it is pending
    """
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
    """
    Why the verdict was so; null when it passed
    """
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
    """
    From where it came; null when it is not known
    """
    checks: list[dict[str, Any]]
    """
    Each `check` with its `outcome`: `pass`, `found`, or `off` when the policy is without it. With `found` come its `score`, `points`, `reason`, what it has `seen`, its `version`, and `snoozed` or `shadow` when it did not count. None before the screening
    """
    decisions: list[Act]
    """
    What was decided, the first first
    """
    appeal: Appeal | None
    """
    The player's appeal, if there is one
    """
    transitions: list[Transition]
    """
    Those whose audit entries are known by the action's batches
    """


class RunningBan(BaseModel):
    """
    A ban that has not ended.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    reason: str
    """
    Public: the player sees it
    """
    from_: Annotated[AwareDatetime, Field(alias="from")]
    """
    When it begins
    """
    until: AwareDatetime | None
    """
    null: for good
    """


class FoundPlayer(BaseModel):
    """
    A player as search finds them.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """
    When it was made
    """
    score: int
    """
    The sum of the applied actions, those of a banned player too
    """
    total_actions: Annotated[int, Field(alias="totalActions")]
    """
    Applied actions
    """
    ban: RunningBan | None
    """
    The ban that runs, or null
    """
    case_id: Annotated[UUID | None, Field(alias="caseId")]
    """
    Of the open case
    """


class FoundPlayers(BaseModel):
    """
    One page of players, in order of their names.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    users: list[FoundPlayer]
    """
    In order of their names
    """
    next_cursor: Annotated[str | None, Field(alias="nextCursor")]
    """
    null on the last page
    """


class PlayerAction(BaseModel):
    """
    One of a player's last actions.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID, Field(alias="actionId")]
    """
    The action's id, as its client made it
    """
    status: str
    """
    What became of the action
    """
    reason: str | None
    """
    Why; null without a reason
    """
    score: int
    """
    What it adds
    """
    accepted_at: Annotated[AwareDatetime, Field(alias="acceptedAt")]
    """
    When it came in, by the server's clock
    """
    completed_at: Annotated[AwareDatetime | None, Field(alias="completedAt")]
    """
    When it became final; null while it is pending
    """


class PlayerClient(BaseModel):
    """
    A client of a player's last 200 actions, and how many other players were seen there.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    device: str
    """
    A short label of the device, by which one can tell it from others
    """
    address: str
    """
    A short label of the address, by which one can tell it from others
    """
    country: str | None
    """
    ISO 3166-1
    """
    is_hosting: Annotated[bool, Field(alias="isHosting")]
    """
    Whether the address is of a hosting provider
    """
    names_device: Annotated[bool, Field(alias="namesDevice")]
    """
    Whether it has named its device
    """
    actions: int
    """
    Of the last 200
    """
    last_used_at: Annotated[AwareDatetime, Field(alias="lastUsedAt")]
    """
    When an action came from there last
    """
    others_on_device: Annotated[int, Field(alias="othersOnDevice")]
    """
    Other players, counted up to 1,000
    """
    others_on_address: Annotated[int, Field(alias="othersOnAddress")]
    """
    Other players, counted up to 1,000
    """


class PlayerOverview(BaseModel):
    """
    What moderators see of one player; of each list the last 50.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    username: str
    """
    The player's name
    """
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """
    When it was made
    """
    score: int
    """
    The sum of the applied actions, those of a banned player too
    """
    total_actions: Annotated[int, Field(alias="totalActions")]
    """
    Applied actions
    """
    ban: RunningBan | None
    """
    The ban that runs, or null
    """
    case_id: Annotated[UUID | None, Field(alias="caseId")]
    """
    Of the open case
    """
    snoozes: dict[str, AwareDatetime]
    """
    By check: until when it does not count
    """
    actions: list[PlayerAction]
    """
    The last actions
    """
    acts: list[Act]
    """
    What moderators did, the last first
    """
    appeals: list[Appeal]
    """
    The player's appeals, the last first
    """
    clients: list[PlayerClient]
    """
    From where the last 200 actions came
    """


class BanBody(BaseModel):
    """
    Why a player is banned, and until when.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    until: AwareDatetime | None = None
    """
    null or absent: for good
    """
    reason: str
    """
    Public: the player is told
    """
    note: Annotated[str | None, Field(max_length=1000)] = ""
    """
    For moderators, never shown to the player
    """


class Banned(BaseModel):
    """
    A ban that was made or changed.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    reason: str
    """
    Public: the player sees it
    """
    from_: Annotated[AwareDatetime, Field(alias="from")]
    """
    When it begins
    """
    until: AwareDatetime | None
    """
    null: for good
    """
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """


class SnoozeBody(BaseModel):
    """
    Which check does not count for a player, and until when.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    check: Annotated[str, Field(max_length=64, min_length=1)]
    """
    Its name
    """
    until: AwareDatetime
    """
    When it ends
    """
    reason: Annotated[str, Field(max_length=1000)]
    """
    Why; for moderators, never shown to the player
    """


class Snoozed(BaseModel):
    """
    A check that does not count for a player.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    user_id: Annotated[UUID, Field(alias="userId")]
    """
    The player's id
    """
    check: str
    """
    The name of the check
    """
    until: AwareDatetime
    """
    When it ends
    """


class CheckPolicy(BaseModel):
    """
    What a check's score of 1.0 is worth, and the settings that it gets.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    points: float | None = None
    """
    0 to 1000000
    """
    settings: dict[str, float] | None = None
    """
    The check's settings, by name; the others have their defaults
    """


class PolicyDefinition(BaseModel):
    """
    From how many points on an action is held or rejected, and what each check is worth.
    """

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
    """
    A stored policy; its definition never changes.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    policy: int
    """
    Its number
    """
    state: str
    """
    What state it is in
    """
    definition: PolicyDefinition
    """
    What the policy says
    """
    note: str
    """
    Why it was made
    """
    problems: dict[str, Any] | None
    """
    Why this version of the program cannot use it, by path
    """
    created_by: Annotated[str, Field(alias="createdBy")]
    """
    A user id, or `operator:` and a name
    """
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """
    When it was made
    """
    live_from: Annotated[AwareDatetime | None, Field(alias="liveFrom")]
    """
    Since when it was live; null before
    """
    live_until: Annotated[AwareDatetime | None, Field(alias="liveUntil")]
    """
    Until when it was live; null while it is
    """


class Policies(BaseModel):
    """
    Every policy, the newest first; without a live one the default judges.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    policies: list[Policy]
    """
    The newest first
    """
    default: PolicyDefinition
    """
    What judges while no policy is live
    """
    etag: str
    """
    For `If-Match`
    """


class NewPolicy(BaseModel):
    """
    A policy to be stored, and what it is used for at once.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    definition: dict[str, Any]
    """
    The policy, as `PolicyDefinition` has it
    """
    state: str | None = "draft"
    """
    What it is used for at once
    """
    note: Annotated[str, Field(max_length=1000)]
    """
    Why it is made, 1 to 1,000 characters
    """


class PolicyReason(BaseModel):
    """
    Why a policy is made live, tried or retired.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    reason: Annotated[str, Field(max_length=1000)]
    """
    Why, 1 to 1,000 characters
    """


class TieBreaker(BaseModel):
    """
    A column that orders players with equal values.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    value: str
    """
    `score`, `1`, or `metadata.` and the path of a number
    """
    direction: str | None = None
    """
    `desc`: the largest first
    """


class Period(BaseModel):
    """
    When a board begins anew.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    kind: str | None = None
    """
    `none` by default
    """
    starts_on: Annotated[str | None, Field(alias="startsOn")] = None
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
    window: str | None = None
    """
    Of a rolling period
    """


class Multiplier(BaseModel):
    """
    A factor for the values of actions in a span of time.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    from_: Annotated[AwareDatetime, Field(alias="from")]
    """
    When it begins
    """
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
    """
    What is granted when a period ends, by ranks or by the best percentage.
    """

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
    """
    What is granted, 1 to 64 characters
    """


class BoardDefinition(BaseModel):
    """
    A board's definition; every field but the id has a default.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    id: str
    """
    1 to 32 of a-z, 0-9 and inner hyphens
    """
    title: str | None = None
    """
    For people
    """
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
    aggregate: str | None = None
    """
    What becomes of the values of a player's actions
    """
    direction: str | None = None
    """
    `desc`: the largest first
    """
    tie_breakers: Annotated[list[TieBreaker] | None, Field(alias="tieBreakers", max_length=4)] = (
        None
    )
    """
    What orders players with equal values, at most four
    """
    ties: str | None = None
    """
    The rank of players whose values and tie-breakers are equal
    """
    decimals: int | None = None
    """
    0 to 6
    """
    period: Period | None = None
    """
    When the board begins anew
    """
    time_zone: Annotated[str | None, Field(alias="timeZone")] = None
    """
    Of the IANA database
    """
    segment: str | None = None
    """
    `metadata.` and a path, or `player.` and an attribute
    """
    join_required: Annotated[bool | None, Field(alias="joinRequired")] = None
    """
    Whether only players who have joined count
    """
    attempts: int | None = None
    """
    1 to 100 actions that count in each period
    """
    multipliers: list[Multiplier] | None = None
    """
    Factors for spans of time
    """
    rewards: list[Reward] | None = None
    """
    What is granted when a period ends
    """
    readers: str | None = None
    """
    Who may read the board
    """
    keep_periods: Annotated[int | None, Field(alias="keepPeriods")] = None
    """
    0 to 1000 closed periods
    """


class Building(BaseModel):
    """
    The version that is being built.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    version: int
    """
    The version's number
    """
    progress: float
    """
    Between 0 and 1
    """
    error: str | None
    """
    Why it does not go on
    """


class BoardRecord(BaseModel):
    """
    A board, by the version that is read.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    board: BoardDefinition
    """
    The definition
    """
    state: str
    """
    What state it is in
    """
    version: int
    """
    The version that is read, from 1
    """
    error: str | None
    """
    Why the definition cannot be read here: `board` has only its id
    """
    etag: str
    """
    For `If-Match`
    """
    building: Building | None
    """
    The version that is being built; null without one
    """
    created_at: Annotated[AwareDatetime | None, Field(alias="createdAt")]
    """
    When it was made
    """
    updated_at: Annotated[AwareDatetime | None, Field(alias="updatedAt")]
    """
    When it was changed last
    """


class BoardRecords(BaseModel):
    """
    Every board.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    boards: list[BoardRecord]
    """
    Every board, `global` first
    """


class BoardPatch(BaseModel):
    """
    A JSON merge patch (RFC 7396) of a board's definition; null sets a default.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    id: str | None = None
    """
    1 to 32 of a-z, 0-9 and inner hyphens
    """
    title: str | None = None
    """
    For people
    """
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
    aggregate: str | None = None
    """
    What becomes of the values of a player's actions
    """
    direction: str | None = None
    """
    `desc`: the largest first
    """
    tie_breakers: Annotated[list[TieBreaker] | None, Field(alias="tieBreakers", max_length=4)] = (
        None
    )
    """
    What orders players with equal values, at most four
    """
    ties: str | None = None
    """
    The rank of players whose values and tie-breakers are equal
    """
    decimals: int | None = None
    """
    0 to 6
    """
    period: Period | None = None
    """
    When the board begins anew
    """
    time_zone: Annotated[str | None, Field(alias="timeZone")] = None
    """
    Of the IANA database
    """
    segment: str | None = None
    """
    `metadata.` and a path, or `player.` and an attribute
    """
    join_required: Annotated[bool | None, Field(alias="joinRequired")] = None
    """
    Whether only players who have joined count
    """
    attempts: int | None = None
    """
    1 to 100 actions that count in each period
    """
    multipliers: list[Multiplier] | None = None
    """
    Factors for spans of time
    """
    rewards: list[Reward] | None = None
    """
    What is granted when a period ends
    """
    readers: str | None = None
    """
    Who may read the board
    """
    keep_periods: Annotated[int | None, Field(alias="keepPeriods")] = None
    """
    0 to 1000 closed periods
    """


class Status(BaseModel):
    """
    A state in one word.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    status: str
    """
    In one word
    """


class Health(BaseModel):
    """
    The state of each part of the system.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    status: str
    """
    `ok` or `degraded`
    """
    parts: dict[str, dict[str, Any]]
    """
    Each with `ok`, `ms` and, if it is not ok, `error`
    """


class Histogram(BaseModel):
    """
    How many there were, their sum, and how many were at most each bound.
    """

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
    """
    Actions posted, applied and held.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    applied: float
    """
    Actions applied to a score; only grows
    """
    answer_seconds: Annotated[Histogram, Field(alias="answerSeconds")]
    """
    How long posts of actions took
    """
    held: float
    """
    Actions held for review now, counted up to 10,000
    """


class OpsQueue(BaseModel):
    """
    What waits to be scored.
    """

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
    """
    Requests answered, without those for these numbers; all only grow.
    """

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
    """
    WebSockets.
    """

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
    """
    From a bus message to the last listener's write
    """


class OpsFraud(BaseModel):
    """
    What was judged; all only grow.
    """

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
    """
    What the processes think of Redis.
    """

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
    """
    Connections to PostgreSQL by pool, over the processes.
    """

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
    """
    The numbers of now. A counter that falls was begun again with its process.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    at: AwareDatetime
    """
    When they were read
    """
    version: str
    """
    The version of the program
    """
    instance: str
    """
    Whose numbers these are; behind a balancer there are several
    """
    scope: str
    """
    Of which processes: without PROMETHEUS_MULTIPROC_DIR of one
    """
    health: Health
    """
    As `GET /health` has it
    """
    actions: OpsActions
    """
    Actions posted, applied and held
    """
    batches: Histogram
    """
    How many actions the batches had
    """
    stages: dict[str, Histogram]
    """
    How long each link of the chain took, by its name
    """
    queue: OpsQueue
    """
    What waits to be scored
    """
    requests: OpsRequests
    """
    Requests answered
    """
    listeners: OpsListeners
    """
    Listeners to live changes
    """
    caches: dict[str, dict[str, float]]
    """
    Reads by cache and `hit` or `miss`; only grow
    """
    fraud: OpsFraud
    """
    What was judged
    """
    redis: OpsRedis
    """
    What the processes think of Redis
    """
    database: OpsDatabase
    """
    Connections to PostgreSQL
    """
    background_failures: Annotated[float, Field(alias="backgroundFailures")]
    """
    Steps of background threads that failed; only grows
    """


class ErrorBody(BaseModel):
    """
    What went wrong.
    """

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
    """
    When it was answered
    """
    request_id: Annotated[str, Field(alias="requestId")]
    """
    The same as the header X-Request-ID
    """
    doc_url: Annotated[str, Field(alias="docUrl")]
    """
    Where the code is explained, relative to this host
    """
    details: dict[str, Any] | None = None
    """
    Facts that belong to this code
    """


class Error(BaseModel):
    """
    The envelope of every error.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    success: bool
    """
    `false`: it was not done
    """
    error: ErrorBody
    """
    What went wrong
    """


class BatchError(BaseModel):
    """
    Why one action of a batch was refused.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    code: str
    """
    The error's code; stable
    """
    message: str
    """
    For people; may change
    """
    details: dict[str, Any] | None = None
    """
    Facts that belong to it
    """


class BatchResult(BaseModel):
    """
    One action's outcome; with `error` the other fields are absent.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    action_id: Annotated[UUID | None, Field(alias="actionId")]
    """
    The action's id, as its client made it
    """
    status: str | None = None
    """
    What became of the action
    """
    new_score: Annotated[int | None, Field(alias="newScore")] = None
    """
    The score with it; null while it is not applied
    """
    previous_score: Annotated[int | None, Field(alias="previousScore")] = None
    """
    The score before it; null while it is not applied
    """
    leaderboard_position: Annotated[int | None, Field(alias="leaderboardPosition")] = None
    """
    The player's rank; null when not on the board, or not known yet
    """
    boards: dict[str, str] | None = None
    """
    By board that the action is for: why it does not count there
    """
    error: BatchError | None = None
    """
    Why it was refused; the fields of an outcome are absent then
    """


class BatchResults(BaseModel):
    """
    The outcomes of a batch, in the order in which its actions were sent.
    """

    model_config = ConfigDict(
        extra="ignore",
        populate_by_name=True,
    )
    success: bool
    """
    `true`: it was done
    """
    results: list[BatchResult]
    """
    One entry for each action, in the order in which they were sent
    """
