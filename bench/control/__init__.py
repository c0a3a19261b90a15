"""The control: what an ordinary project would write, one Celery chain of five tasks per action.

Same machine, same stores, same settings of Celery; tables, keys and queue of its own.
"""
