"""Flower's settings, read by `celery -A workers flower` from its working directory.

Flower itself reads the real environment only; the settings read `.env` too.
"""

from domain.settings import settings_of_process
from workers.process.startup import exit_on_bad_settings

with exit_on_bad_settings():
    _logins = settings_of_process().flower_basic_auth

if _logins:
    basic_auth = _logins.split(",")
