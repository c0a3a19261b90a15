"""Client of Laurel, the real-time score and leaderboard server: `Laurel` and `AsyncLaurel`."""

from laurel_client.actions import Action, Outcome, Status
from laurel_client.aio import AsyncLaurel
from laurel_client.aio_live import AsyncLive
from laurel_client.channels import Channel, Row
from laurel_client.client import Laurel
from laurel_client.errors import ApiError, LaurelError, LiveEndedError, UnreachableError
from laurel_client.live import Live
from laurel_client.session import Tokens

__all__ = [
    "Action",
    "ApiError",
    "AsyncLaurel",
    "AsyncLive",
    "Channel",
    "Laurel",
    "LaurelError",
    "Live",
    "LiveEndedError",
    "Outcome",
    "Row",
    "Status",
    "Tokens",
    "UnreachableError",
]
