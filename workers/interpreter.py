"""How the interpreter of a long-running process is set: its garbage collector and its threads."""

import gc
import sys

# What a busy process allocates between two collections of the young; the default is 700, and a
# sampled profile of the API under load spent 15 % of its CPU in collections.
YOUNG_OBJECTS = 20_000
# A thread that waits for the interpreter wakes up this often to ask for it. With hundreds that wait
# the default of 5 ms is tens of thousands of wake-ups a second: GET /api/leaderboard from 256
# connections rose from 553 to 2,985 a second with 50 ms. A request gives way by itself at every
# lock and every read long before.
SWITCH_SECONDS = 0.05


def settle() -> None:
    """Keep what is loaded by now out of all collections, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


def serve_many_threads() -> None:
    """Let threads that wait for the interpreter wake up less often."""
    sys.setswitchinterval(SWITCH_SECONDS)
