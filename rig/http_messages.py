"""HTTP/1.1 requests and answers as bytes, for load generators that cannot afford a library."""

BROKEN = 0
"""Recorded as the status of a request whose connection ended before its answer."""

_LENGTH = b"\r\ncontent-length: "


def request_head(
    method: str, path: str, host: str, token: str, length: int | None = None, prefer: str = ""
) -> bytes:
    """Return the head of a request; `length` is the size of its JSON body, None for no body."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}"]
    if length is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    lines += [f"Prefer: {prefer}"] if prefer else []
    return "\r\n".join([*lines, "", ""]).encode()


def split_answer(buffer: bytes) -> tuple[int, bytes, bytes] | None:
    """Return status, body and the bytes after them, or None while the answer is incomplete."""
    head_end = buffer.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    at = buffer.find(_LENGTH, 0, head_end)
    if at < 0:
        at = buffer[:head_end].lower().find(_LENGTH)
    length = 0
    if at >= 0:
        at += len(_LENGTH)
        length = int(buffer[at : buffer.find(b"\r", at)])
    body_at = head_end + 4
    end = body_at + length
    if len(buffer) < end:
        return None
    return int(buffer[9:12]), buffer[body_at:end], buffer[end:]
