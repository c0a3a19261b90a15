"""Words on the command line: why something is done, under the same rules as over HTTP."""

import click

from domain.moderation.model import MAX_REASON_CHARS, find_words_problem


class Words(click.ParamType[str]):
    """What a person writes: not blank, not too long, and without control characters."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the words without space around them; raises BadParameter."""
        written = value.strip()
        problem = find_words_problem(written)
        if len(written) > MAX_REASON_CHARS:
            problem = f"Longer than {MAX_REASON_CHARS} characters."
        if problem is not None:
            self.fail(problem, param, ctx)
        return written


WORDS = Words()
