"""Entity tags: an answer has one of exactly its bytes, and is a 304 to who has it already."""

from hashlib import blake2b
from typing import Any

from web.http.responses import Answer, answer_encoded, dump_json

# A private cache may keep it and must revalidate it each time.
CACHE_CONTROL = "private, no-cache"


def write_etag(body: bytes) -> str:
    """Return the tag of these bytes."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def answer_tagged(payload: Any, if_none_match: str | None) -> Answer:
    """Return the payload as JSON with its tag, or a 304 if the client has it."""
    body = dump_json(payload)
    return answer_with_etag(body, write_etag(body), if_none_match)


def answer_with_etag(body: bytes, etag: str, if_none_match: str | None) -> Answer:
    """Return this JSON text with its tag, or a 304 if the client has it."""
    headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL}
    if _matches(if_none_match, etag):
        return Answer(304, [*headers.items()])
    return answer_encoded(body, 200, headers)


def _matches(if_none_match: str | None, etag: str) -> bool:
    if not if_none_match:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags
