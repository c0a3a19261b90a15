"""The words of realtime access, of the service's own state, and of documents."""

from collections.abc import Mapping

from web.routes.describing.words.row import OperationWords, only
from web.routes.describing.words.service_sample import HEALTH, NUMBERS

SERVICE_WORDS: Mapping[str, OperationWords] = {
    "realtime.ticket": OperationWords(
        description="A ticket that lets one WebSocket in within 30 seconds, from the origin that"
        " asked for it: a browser cannot send a token with a WebSocket.",
        answers={
            201: only(
                {
                    "ticket": "thci-mbYerkTVxceFwZWWw",
                    "expiresIn": 30,
                    "url": "ws://127.0.0.1:8001/ws",
                }
            )
        },
    ),
    "realtime.upgrade": OperationWords(
        description="The WebSocket itself is served by the live process, at the `url` of a ticket."
        " Here it is always refused."
    ),
    "realtime.stream": OperationWords(
        description="Events over HTTP are served by the live process, at the `url` that the error"
        " names. Here they are always refused."
    ),
    "realtime.asyncapi": OperationWords(
        description="Every message of the WebSocket and of the event stream, in AsyncAPI 3."
    ),
    "health.live": OperationWords(
        description="The process is up. It looks at nothing else.",
        answers={200: only({"status": "ok"})},
    ),
    "health.ready": OperationWords(
        description="The process may take traffic; for load balancers.",
        answers={200: only({"status": "ready"})},
    ),
    "health.overall": OperationWords(
        description="Each part of the system, how long it took to look, and what is wrong with"
        " it. `status` is `ok` or `degraded`.",
        answers={200: only(HEALTH)},
    ),
    "ops.numbers": OperationWords(
        description="The numbers that the page for operators shows, at most a second old. They are"
        " for admins, for who has `METRICS_TOKEN`, and in development for this machine. What only"
        " grows begins again at 0 with its process.",
        answers={200: only(NUMBERS)},
    ),
    "metrics.expose": OperationWords(
        description="Numbers of every process in Prometheus' text format, with `METRICS_TOKEN` as"
        " the bearer token; in development this machine needs none."
    ),
    "docs.openapi": OperationWords(
        description="This document. It is made of the schemas that validate requests.",
    ),
    "docs.collection": OperationWords(
        description="The same operations as a Postman 2.1 collection, which Bruno imports too. A"
        " login sets its variable `token`; ids and times are new in each request.",
    ),
    "docs.browse": OperationWords(
        description="A page that shows this document, explains every error code, and lets calls"
        " be tried.",
    ),
    "pages.home": OperationWords(
        description="The live leaderboard, for people.",
    ),
    "player_page.show": OperationWords(
        description="The page of one player; a page that says so where there is none.",
        headers={200: ("ETag",), 404: ("ETag",)},
    ),
    "ops.page": OperationWords(
        description="The service as it is now, for those who run it.",
    ),
    "pages.moderation": OperationWords(
        description="What waits for a decision, for moderators.",
    ),
    "pages.asset": OperationWords(
        description="What the pages load.",
    ),
}
