"""Which tests share one running system: a single worker of xdist runs them, in their order.

xdist's own mark `xdist_group` groups nothing with pytest 9.2 (pytest-dev/pytest-xdist#1386).
"""

from collections.abc import Mapping

from xdist.scheduler import LoadGroupScheduling

TOGETHER: Mapping[str, str] = {
    "tests/e2e/": "e2e",
    "tests/local/test_serve.py": "launcher",
    "tests/local/test_stores.py": "launcher",
}


class TogetherScheduling(LoadGroupScheduling):
    """Load scheduling in which the tests of a group are one piece of work."""

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of a test; one without a group is a piece of work of its own."""
        for beginning, group in TOGETHER.items():
            if nodeid.startswith(beginning):
                return group
        return nodeid
