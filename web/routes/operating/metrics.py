"""`/metrics` for Prometheus: with METRICS_TOKEN, in development open to this machine without."""

from flask import Response, request

from web.metrics import export_metrics
from web.routes.operating.admission import admit_scraper
from web.services import services


def expose() -> Response:
    """Return the metrics of all processes."""
    admit_scraper()
    text, content_type = export_metrics(
        request.headers.get("Accept"),
        shared_folder=services().settings.prometheus_multiproc_dir,
    )
    return Response(text, content_type=content_type)
