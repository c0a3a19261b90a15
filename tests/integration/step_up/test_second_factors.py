"""Second factors: each code is used once, for one request, and guesses are few."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from domain.accounts.passwords import Passwords
from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from domain.errors import (
    CodeInvalidError,
    LaurelError,
    NotFoundError,
    RateLimitExceededError,
    SecondFactorExistsError,
    SecretUnreadableError,
)
from domain.settings import Settings
from domain.step_up.cipher import SecretCipher, make_cipher
from domain.step_up.codes import MAX_WRONG_CODES, STEP_SECONDS, make_code
from domain.step_up.second_factors import (
    confirm_factor,
    forget_factor,
    name_owner,
    remove_factor,
    set_up_factor,
    use_code,
)
from domain.store.postgres import tables
from domain.store.store import Store
from tests.factories import make_action, make_player

# In the middle of a time step.
NOW = datetime(2026, 11, 27, 12, 0, 15, tzinfo=UTC)
STEP = int(NOW.timestamp()) // STEP_SECONDS


class Holder:
    """A player with a second factor, who knows its codes."""

    def __init__(self, store: Store, cipher: SecretCipher, user_id: UUID):
        self.store, self.cipher, self.user_id = store, cipher, user_id

    def set_up(self, now: datetime = NOW) -> None:
        """Make a secret."""
        set_up_factor(
            self.store,
            self.cipher,
            Passwords(),
            user_id=self.user_id,
            current_password=None,
            now=now,
        )

    def code(self, steps: int = 0) -> str:
        """Return the code of so many steps after NOW."""
        with self.store.write() as connection:
            stored = connection.execute(select(tables.second_factors.c.secret)).scalar_one()
        return make_code(
            self.cipher.decrypt(bytes(stored), owner=name_owner(self.user_id)), step=STEP + steps
        )

    def wrong_code(self) -> str:
        """Return one that is right at none of the steps near NOW."""
        near = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in map("{:06}".format, range(10)) if code not in near)

    def confirm(self, code: str, now: datetime = NOW) -> None:
        """Confirm the factor."""
        confirm_factor(self.store, self.cipher, user_id=self.user_id, code=code, now=now)

    def use(self, code: str, *actions: NewAction, now: datetime = NOW) -> bool:
        """Use the code for these actions."""
        return use_code(
            self.store, self.cipher, user_id=self.user_id, code=code, actions=actions, now=now
        )

    def action(self, **overrides: object) -> NewAction:
        """Return an action of this player."""
        return make_action(user_id=self.user_id, **overrides)


@pytest.fixture
def cipher(settings: Settings) -> SecretCipher:
    """The cipher of the settings."""
    return make_cipher(settings)


@pytest.fixture
def newcomer(store: Store, cipher: SecretCipher) -> Holder:
    """A player without a second factor."""
    return Holder(store, cipher, make_player(store).user_id)


@pytest.fixture
def holder(newcomer: Holder) -> Holder:
    """A player whose factor was confirmed some minutes ago."""
    before = NOW - timedelta(minutes=10)
    newcomer.set_up(before)
    newcomer.confirm(newcomer.code(-20), before)
    return newcomer


def refuse(work: Callable[[], object], kind: type[LaurelError]) -> LaurelError:
    with pytest.raises(kind) as caught:
        work()
    return caught.value


def test_a_factor_counts_once_it_is_confirmed(newcomer: Holder) -> None:
    action = newcomer.action()
    refuse(lambda: newcomer.use("123456", action), CodeInvalidError)
    refuse(lambda: newcomer.confirm("123456"), NotFoundError)
    newcomer.set_up()
    code = newcomer.code()
    refuse(lambda: newcomer.use(code, action), CodeInvalidError)
    refuse(lambda: newcomer.confirm(newcomer.wrong_code()), CodeInvalidError)
    newcomer.confirm(code)
    refuse(lambda: newcomer.use(code, action), CodeInvalidError)
    assert newcomer.use(newcomer.code(1), action)


def test_a_secret_that_was_not_confirmed_is_replaced_and_a_confirmed_one_is_not(
    newcomer: Holder,
) -> None:
    newcomer.set_up()
    first = newcomer.code()
    newcomer.set_up()
    assert newcomer.code() != first
    newcomer.confirm(newcomer.code())
    refuse(newcomer.set_up, SecondFactorExistsError)
    refuse(lambda: newcomer.confirm(newcomer.code(1)), SecondFactorExistsError)
    assert newcomer.use(newcomer.code(1), newcomer.action())


def test_a_player_of_whom_nothing_is_stored_has_no_factor(
    store: Store, cipher: SecretCipher
) -> None:
    stranger = Holder(store, cipher, uuid4())
    refuse(stranger.set_up, NotFoundError)
    refuse(lambda: stranger.use("123456", stranger.action()), CodeInvalidError)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_is_taken_a_step_early_and_late(holder: Holder, steps: int) -> None:
    assert holder.use(holder.code(steps), holder.action())


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_of_another_time_is_not(holder: Holder, steps: int) -> None:
    refuse(lambda: holder.use(holder.code(steps), holder.action()), CodeInvalidError)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "\x00" * 6])
def test_what_is_no_code_is_refused_and_no_guess(holder: Holder, code: str) -> None:
    for _ in range(MAX_WRONG_CODES + 1):
        refuse(lambda: holder.use(code, holder.action()), CodeInvalidError)
    assert holder.use(holder.code(), holder.action())


def test_a_code_is_used_once_and_none_before_it_after_it(holder: Holder) -> None:
    assert holder.use(holder.code(), holder.action())
    for steps in (0, -1):
        refuse(
            lambda steps=steps: holder.use(holder.code(steps), holder.action()), CodeInvalidError
        )
    assert holder.use(holder.code(1), holder.action())


def test_the_same_request_may_use_its_code_again(holder: Holder) -> None:
    action, other = holder.action(), holder.action()
    assert holder.use(holder.code(), action, other)
    # A retry: neither the time that it reports nor the request's id is compared.
    again = action._replace(timestamp=NOW, request_id="req_again")
    assert holder.use(holder.code(), again, other)
    for changed in (
        (action,),
        (other, action),
        (action._replace(request_hash=b"another score or metadata"), other),
        (action, other, holder.action()),
    ):
        refuse(lambda changed=changed: holder.use(holder.code(), *changed), CodeInvalidError)


@pytest.mark.parametrize("which", ["used for another", "wrong", "no code", "no factor any more"])
def test_actions_that_are_stored_need_no_code(holder: Holder, store: Store, which: str) -> None:
    stored, new = holder.action(), holder.action()
    accept_actions(store, actions=[stored], reply_to=None)
    assert holder.use(holder.code(), new)
    code = {"used for another": holder.code(), "wrong": holder.wrong_code()}.get(which, "x")
    if which == "no factor any more":
        assert forget_factor(store, user_id=holder.user_id)
    for _ in range(MAX_WRONG_CODES + 2):
        assert not holder.use(code, stored)
    refuse(lambda: holder.use(code, stored, holder.action()), CodeInvalidError)
    refuse(lambda: holder.use(code), CodeInvalidError)


def test_guesses_are_few_and_come_back_after_five_minutes(holder: Holder) -> None:
    code, wrong = holder.code(), holder.wrong_code()
    for second in range(MAX_WRONG_CODES):
        now = NOW + timedelta(seconds=second)
        refuse(lambda now=now: holder.use(wrong, holder.action(), now=now), CodeInvalidError)
    error = refuse(lambda: holder.use(code, holder.action()), RateLimitExceededError)
    assert isinstance(error, RateLimitExceededError)
    assert error.retry_after_seconds == 300
    later = NOW + timedelta(minutes=5)
    refuse(lambda: holder.use(wrong, holder.action(), now=later), CodeInvalidError)
    assert holder.use(holder.code(10), holder.action(), now=later)


def test_of_many_requests_with_one_code_one_is_vouched_for(holder: Holder) -> None:
    code = holder.code()
    assert sorted(run_at_once(lambda: holder.use(code, holder.action()))) == [
        *["CODE_INVALID"] * 11,
        "True",
    ]


def test_many_guesses_at_once_are_no_more_guesses(holder: Holder) -> None:
    wrong = holder.wrong_code()
    answers = list(run_at_once(lambda: holder.use(wrong, holder.action())))
    assert answers.count("CODE_INVALID") == MAX_WRONG_CODES
    assert answers.count("RATE_LIMIT_EXCEEDED") == len(answers) - MAX_WRONG_CODES


def run_at_once(work: Callable[[], bool], times: int = 12) -> Iterator[str]:
    """Yield what each of these calls at once returned, or the code that it raised."""

    def run(_: int) -> str:
        try:
            return str(work())
        except LaurelError as error:
            return error.code

    with ThreadPoolExecutor(times) as threads:
        yield from threads.map(run, range(times))


def test_a_factor_is_removed_with_a_code_alone(holder: Holder, store: Store) -> None:
    def remove(code: str) -> None:
        remove_factor(
            store,
            holder.cipher,
            Passwords(),
            user_id=holder.user_id,
            code=code,
            current_password=None,
            now=NOW,
        )

    refuse(lambda: remove(holder.wrong_code()), CodeInvalidError)
    assert holder.use(holder.code(), holder.action())
    refuse(lambda: remove(holder.code()), CodeInvalidError)
    remove(holder.code(1))
    refuse(lambda: remove("123456"), NotFoundError)
    refuse(lambda: holder.use("123456", holder.action()), CodeInvalidError)
    holder.set_up()
    refuse(lambda: remove(holder.code()), NotFoundError)


def test_a_lost_factor_is_removed_by_an_operator(holder: Holder, store: Store) -> None:
    assert forget_factor(store, user_id=holder.user_id)
    assert not forget_factor(store, user_id=holder.user_id)
    holder.set_up()


def test_a_secret_of_another_key_is_our_fault(holder: Holder, store: Store) -> None:
    other = Holder(store, SecretCipher(["another key"]), holder.user_id)
    code = holder.code()
    refuse(lambda: other.use(code, holder.action()), SecretUnreadableError)
    assert holder.use(code, holder.action())
