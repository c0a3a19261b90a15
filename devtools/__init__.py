"""Tools for developers: checks, formatting, lock files, migrations, tests."""
