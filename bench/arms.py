"""The arms of the benchmark: one entry for each measurement."""

from dataclasses import dataclass
from enum import StrEnum

BATCH_SIZE = 100
ROWS_BATCH_SIZE = 500
OPEN_LOOP_RATE = 200.0


class Target(StrEnum):
    """What an arm measures; `bench.setups` has an entry for each."""

    PRODUCT = "product"
    FLOOR_HTTP = "floor_http"
    FLOOR_ROWS = "floor_rows"
    CONTROL = "control"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One measurement: what is sent, and over how many connections."""

    name: str
    kind: str  # what the generator sends
    path: str = ""  # of the kind "get"
    connections: int
    target: Target = Target.PRODUCT
    expected: int = 200
    rate: float | None = None
    prefer: str = ""
    actions_per_request: float = 1
    with_country: bool = False
    with_session: bool = False

    @property
    def label(self) -> str:
        """Return the name and the connections, as progress lines and files show them."""
        return f"{self.name} {self.connections}"


ARMS = (
    *(Arm(name="single", kind="single", connections=count) for count in (1, 64, 256)),
    *(
        Arm(
            name="async",
            kind="single",
            connections=count,
            expected=202,
            prefer="respond-async",
        )
        for count in (1, 64, 256)
    ),
    Arm(name="batch", kind="batch", connections=16, actions_per_request=BATCH_SIZE),
    Arm(name="top10", kind="top10", connections=64, actions_per_request=0),
    # Enough connections for a stall of 1.5 s: the players are independent of each other.
    Arm(name="open_loop", kind="single", connections=300, rate=OPEN_LOOP_RATE),
    Arm(name="floor_http", kind="single", connections=256, target=Target.FLOOR_HTTP),
    Arm(
        name="floor_rows",
        kind="rows",
        connections=1,
        target=Target.FLOOR_ROWS,
        actions_per_request=ROWS_BATCH_SIZE,
    ),
    Arm(name="control", kind="control", connections=64, target=Target.CONTROL),
)
NAMES = tuple(dict.fromkeys(arm.name for arm in ARMS))


def choose(names: list[str]) -> list[Arm]:
    """Return the arms with these names, or all arms when there are none."""
    return [arm for arm in ARMS if not names or arm.name in names]
