"""The metrics of the live process; the API's `/metrics` shows them for all processes."""

from prometheus_client import Counter, Gauge, Histogram

from web.live.close_codes import CloseCode

RESYNC_CAUSES = ("connected", "epoch", "hole", "position", "unreadable")

connections_active = Gauge(
    "websocket_connections_active",
    "Open WebSocket connections and event streams",
    multiprocess_mode="livesum",
)
connections_closed = Counter(
    "laurel_websocket_connections_closed_total",
    "Ended WebSocket connections by close code",
    ["code"],
)
resyncs = Counter(
    "laurel_websocket_resyncs_total", "Times that every listener was sent a new snapshot", ["cause"]
)
RESUME_OUTCOMES = ("recovered", "epoch", "ahead", "expired", "lost")
resumes = Counter(
    "laurel_websocket_resumes_total",
    "Subscriptions with `since`, by whether all that was missed could be sent",
    ["outcome"],
)
history_messages = Gauge(
    "laurel_websocket_history_messages",
    "States of the leaderboard that are kept to resume from",
    multiprocess_mode="livesum",
)
history_bytes = Gauge(
    "laurel_websocket_history_bytes",
    "About how many bytes of memory the kept states take",
    multiprocess_mode="livesum",
)
SNAPSHOT_CAUSES = ("epoch", "period", "ranking", "stale", "version")
board_snapshots = Counter(
    "laurel_websocket_board_snapshots_total",
    "Times that the followers of a board's part were sent a new snapshot",
    ["cause"],
)
boards_followed = Gauge(
    "laurel_websocket_boards_followed",
    "Parts of boards that somebody follows",
    multiprocess_mode="livesum",
)
for _cause in SNAPSHOT_CAUSES:
    board_snapshots.labels(_cause)
for _code in CloseCode:
    connections_closed.labels(str(int(_code)))
for _outcome in RESUME_OUTCOMES:
    resumes.labels(_outcome)
for _cause in RESYNC_CAUSES:
    resyncs.labels(_cause)

fan_out_seconds = Histogram(
    "laurel_websocket_fan_out_seconds",
    "From a bus message to the last socket's write",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
