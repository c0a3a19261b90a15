"""What an action's metadata says of its play, as SQL over a value `m`.

Metadata is the game's own: anything else in these fields is as if it were not there.
"""

SESSION_ID = "left(m ->> 'sessionId', 64)"
# Numbers that are no time of play are no duration: PostgreSQL has larger ones than a float.
DURATION_MS = (
    "CASE jsonb_typeof(m -> 'duration') WHEN 'number' THEN"
    " CASE WHEN CAST(m -> 'duration' AS numeric) BETWEEN 0 AND 1e15"
    " THEN CAST(m -> 'duration' AS double precision) END END"
)
