"""The tables by subject, as SQLAlchemy Core metadata; `tables.py` has all of them."""
