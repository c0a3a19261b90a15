"""The control: an ordinary implementation, one Celery chain of five tasks per action.

It runs on the same machine and stores with the same Celery settings, but has separate tables,
keys and a separate queue.
"""
