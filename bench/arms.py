"""The arms of the benchmark: one entry for each measurement."""

from dataclasses import dataclass

BATCH_SIZE = 100
OPEN_LOOP_RATE = 200.0


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One measurement: what is sent, and over how many connections."""

    name: str
    kind: str  # what the generator sends
    connections: int
    expected: int = 200
    rate: float | None = None
    prefer: str = ""
    actions_per_request: int = 1

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
    Arm(name="control", kind="control", connections=64),
)
NAMES = tuple(dict.fromkeys(arm.name for arm in ARMS))


def choose(names: list[str]) -> list[Arm]:
    """Return the arms with these names, or all arms when there are none."""
    return [arm for arm in ARMS if not names or arm.name in names]
