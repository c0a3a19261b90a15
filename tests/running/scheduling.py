"""Groups of tests that share a running system: one worker of xdist runs each group in order.

The mark `xdist_group` has no effect with pytest 9.2 (pytest-dev/pytest-xdist#1386).
"""

from collections.abc import Mapping

from xdist.scheduler import LoadGroupScheduling

GROUPS: Mapping[str, str] = {
    "tests/e2e/": "e2e",
    "tests/local/test_serve.py": "launcher",
    "tests/local/test_stores.py": "launcher",
}


class GroupScheduling(LoadGroupScheduling):
    """Load scheduling in which a group of tests is one work unit."""

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of a test, or its node id when it has none."""
        for prefix, group in GROUPS.items():
            if nodeid.startswith(prefix):
                return group
        return nodeid
