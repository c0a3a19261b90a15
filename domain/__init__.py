"""The business logic of Laurel; imports no Flask, Celery, marshmallow or Prometheus."""
