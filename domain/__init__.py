"""The business truth of Laurel: no Flask, Celery, marshmallow or Prometheus in here."""
