"""The client for programs with an event loop of asyncio."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

import httpx

from laurel_client import actions, calls, models
from laurel_client.actions import Action, Outcome
from laurel_client.aio_live import AsyncLive
from laurel_client.errors import LiveEndedError
from laurel_client.exchange import Call, Pause, Response, Retries
from laurel_client.live_state import TOKEN_ENDED
from laurel_client.session import Session, Tokens
from laurel_client.surface import (
    ANSWER_SECONDS,
    PATIENCE_SECONDS,
    Settings,
    decode,
    encode,
    make_tokens,
    no_answer,
)

Result = TypeVar("Result")


class AsyncLaurel:
    """A connection to one server as one caller; for one event loop.

    `token` is an access token, or the tokens of a login before. Without one, `register`, `log_in`
    or `look_on` first. `renew` returns new access tokens that somebody else issues; `on_tokens` is
    told new tokens, to keep them. Methods raise ApiError when the server refuses, and
    UnreachableError when it does not answer for `patience_seconds`.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | Tokens | None = None,
        renew: Callable[[], str] | None = None,
        on_tokens: Callable[[Tokens], object] = lambda _tokens: None,
        patience_seconds: float = PATIENCE_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        live_url: str | None = None,
    ):
        self._settings = Settings(
            url=url,
            patience_seconds=patience_seconds,
            answer_seconds=answer_seconds,
            live_url=live_url,
        )
        self._session = Session(make_tokens(token), renew=renew, on_change=on_tokens)
        self._http = httpx.AsyncClient(**self._settings.http_options())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @property
    def tokens(self) -> Tokens | None:
        """The tokens of now; keep them to come back without a password."""
        return self._session.tokens

    async def register(self, username: str, password: str) -> Tokens:
        """Make an account, and log in."""
        return await self._authenticate("register", username=username, password=password)

    async def log_in(self, username: str, password: str) -> Tokens:
        """Log in."""
        return await self._authenticate("login", username=username, password=password)

    async def look_on(self) -> Tokens:
        """Become a spectator, who may read boards and follow them, without an account."""
        return await self._authenticate("spectate")

    async def log_out(self) -> None:
        """End the session."""
        await self._run(calls.log_out(self._session, self._retries()))

    async def complete(self, action: Action, *, decided: bool = True) -> Outcome:
        """Send an action until it is stored; unless told otherwise, look until it is decided.

        The outcome is pending when that took longer than the patience.
        """
        return await self._run(
            actions.complete(self._session, action, self._retries(), decided=decided)
        )

    async def complete_batch(
        self, batch: Iterable[Action], *, decided: bool = True
    ) -> list[Outcome]:
        """Send many actions; return their outcomes in order. One bad action fails alone."""
        made = list(batch)
        return await self._run(
            actions.complete_batch(self._session, made, self._retries(), decided=decided)
        )

    async def action(self, action_id: UUID | str) -> models.ActionRecord:
        """Return one of one's own actions."""
        return await self._read(models.ActionRecord, f"/api/actions/{action_id}")

    async def leaderboard(
        self, limit: int = 10, cursor: str | None = None
    ) -> models.LeaderboardPage:
        """Return the first rows of the board of all time, or those behind a cursor."""
        return await self._read(
            models.LeaderboardPage, "/api/leaderboard", {"limit": limit, "cursor": cursor}
        )

    async def neighborhood(self, neighbors: int = 2) -> models.Neighborhood:
        """Return one's own row of the board of all time, and the rows around it."""
        return await self._read(
            models.Neighborhood, "/api/leaderboard/me", {"neighbors": neighbors}
        )

    async def score(self, user_id: UUID | str) -> models.PlayerScore:
        """Return a player's score of all time."""
        return await self._read(models.PlayerScore, calls.player_path(user_id, "/score"))

    async def boards(self) -> models.Boards:
        """Return the boards that one may read."""
        return await self._read(models.Boards, "/api/boards")

    async def board(self, board: str) -> models.BoardDetails:
        """Return a board."""
        return await self._read(models.BoardDetails, calls.board_path(board))

    async def standings(
        self,
        board: str,
        *,
        period: str | None = None,
        segment: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> models.BoardStandings:
        """Return rows of a board: the first ones of the period of now unless told otherwise."""
        params = {"period": period, "segment": segment, "limit": limit, "cursor": cursor}
        return await self._read(
            models.BoardStandings, calls.board_path(board, "/standings"), params
        )

    async def own_standing(
        self, board: str, *, segment: str | None = None, neighbors: int | None = None
    ) -> models.BoardNeighborhood:
        """Return one's own row of a board, and the rows around it."""
        params = {"segment": segment, "neighbors": neighbors}
        return await self._read(models.BoardNeighborhood, calls.board_path(board, "/me"), params)

    async def join(self, board: str) -> None:
        """Join a board that asks for it; joining it again changes nothing."""
        path = calls.board_path(board, "/join")
        await self._run(calls.write(self._session, "POST", path, self._retries()))

    def live(self) -> AsyncLive:
        """Return a live connection, which is opened by `async with`."""

        async def find_url() -> str:
            ticket = await self._run(calls.get_ticket(self._session, self._retries()))
            return self._settings.locate(ticket.url)

        async def find_token(*, is_new: bool) -> str:
            if is_new and not await self._run(self._session.renew(self._retries())):
                raise LiveEndedError(TOKEN_ENDED, "there is no way to renew the token")
            return self._session.tokens.access if self._session.tokens else ""

        return AsyncLive(find_url, find_token)

    async def _authenticate(self, name: str, **body: str) -> Tokens:
        call = calls.authenticate(self._session, f"/api/auth/{name}", body, self._retries())
        return await self._run(call)

    async def _read(
        self, model: type[calls.Model], path: str, params: Mapping[str, object] | None = None
    ) -> calls.Model:
        return await self._run(calls.read(self._session, model, path, self._retries(), params))

    def _retries(self) -> Retries:
        return Retries(self._settings.patience_seconds, time.monotonic)

    async def _run(self, call: Call[Result]) -> Result:
        answer: Response | None = None
        while True:
            try:
                step = call.send(answer)
            except StopIteration as done:
                result: Result = done.value
                return result
            answer = None
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                continue
            try:
                answer = decode(await self._http.request(**encode(step)))
            except httpx.TransportError:
                answer = no_answer()
