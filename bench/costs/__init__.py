"""What an action costs in counts, which no neighbour on the machine can change.

WAL, tuples, index entries, blocks, statements, commits, Redis commands and Celery messages.
"""
