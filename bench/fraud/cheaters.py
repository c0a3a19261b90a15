"""Cheaters of ten kinds. Each begins on the second day or later, when the game's habits are known.

Those who have a past (`one_off`, `session_thief`) were honest before.
"""

from collections.abc import Callable

from bench.fraud.games import LEVEL, Round, pause, play
from bench.fraud.honest import play_casually
from bench.fraud.model import CITIES, DAY_S, HOUR_S, MAX_SCORE, World
from bench.fraud.people import Person

TRIES = 60
SLOW_TRIES = 400


def replay_requests(world: World) -> None:
    """Record a request and send its body again under new ids; then record the next."""
    person = _cheater(world, "replayer")
    for _ in range(TRIES // 6):
        done = play(LEVEL, skill=person.skill, random=world.random)
        person.now_s += done.seconds
        taken = person.send(LEVEL, done)
        for _ in range(5):
            person.now_s += pause(world.random, median_s=12, spread=0.5)
            person.send(LEVEL, done, is_cheat=True, timestamp_us=taken.action.timestamp_us)
        person.now_s += pause(world.random, median_s=60)


def shift_the_clock(world: World) -> None:
    """Play, and give every action another time within what is allowed."""
    person = _cheater(world, "clock_shifter")
    for _ in range(TRIES):
        done = play(LEVEL, skill=person.skill, random=world.random)
        person.now_s += done.seconds
        person.send(LEVEL, done, is_cheat=True, clock_s=world.random.uniform(-280, 25))
        person.now_s += pause(world.random)


def cap_scores(world: World) -> None:
    """Always report nearly the most that is allowed, at a human pace."""
    person = _cheater(world, "score_capper")
    for _ in range(TRIES):
        done = play(LEVEL, skill=person.skill, random=world.random)
        person.now_s += done.seconds
        score = world.random.randint(MAX_SCORE - 20, MAX_SCORE)
        person.send(LEVEL, done, is_cheat=True, score=score)
        person.now_s += pause(world.random)


def run_a_bot(world: World) -> None:
    """Let a program play: a round every so many seconds."""
    _run_bot(world, "bot_regular", jitter=0.005)


def run_a_jittered_bot(world: World) -> None:
    """Let a program play that waits up to 30 % longer or shorter each time."""
    _run_bot(world, "bot_jittered", jitter=0.3)


def farm_accounts(world: World, *, accounts: int = 10) -> None:
    """Play with many accounts on one device, which the game's client names, in turns."""
    city = world.random.choice(CITIES)
    client = world.make_client(city, names_device=True)
    now_s = _begin(world)
    people = [Person(world, "account_farm", city=city, client=client) for _ in range(accounts)]
    for _ in range(6):
        for person in people:
            person.now_s = now_s
            person.open_session()
            for _ in range(5):
                done = play(LEVEL, skill=person.skill, random=world.random)
                person.now_s += done.seconds
                person.send(LEVEL, done, is_cheat=True)
                person.now_s += pause(world.random)
            now_s = person.now_s + 30


def steal_a_session(world: World) -> None:
    """Use the token and the session of somebody who is playing, from elsewhere."""
    victim = play_casually(world)
    victim.kind = "victim"
    victim.announces = True
    victim.now_s = max(victim.now_s, _begin(world))
    victim.open_session()
    thief_city = world.random.choice([city for city in CITIES if city != victim.city])
    thief = world.make_client(thief_city)
    for _ in range(TRIES):
        done = play(LEVEL, skill=victim.skill, random=world.random)
        victim.now_s += done.seconds / 2
        if world.random.random() < 0.6:
            victim.send(LEVEL, done._replace(seconds=done.seconds / 2))
            victim.now_s += pause(world.random)
        victim.send(
            LEVEL,
            done._replace(seconds=done.seconds / 2),
            is_cheat=True,
            client=thief,
            kind="session_thief",
        )
        victim.now_s += pause(world.random)


def jump_between_countries(world: World) -> None:
    """Play through a network that leaves the internet in another country every few minutes."""
    person = _cheater(world, "teleporter")
    device = person.client
    for number in range(TRIES):
        if number % 4 == 0:
            person.client = world.make_client(
                world.random.choice(CITIES),
                device=device.device,
                names_device=device.names_device,
            )
        done = play(LEVEL, skill=person.skill, random=world.random)
        person.now_s += done.seconds
        person.send(LEVEL, done, is_cheat=True)
        person.now_s += pause(world.random)


def drip_slowly(world: World) -> None:
    """Let a program play a modest round every few minutes, day and night."""
    person = _cheater(world, "slow_drip")
    for _ in range(SLOW_TRIES):
        done = play(LEVEL, skill=person.skill * 0.8, random=world.random)
        person.send(LEVEL, done, is_cheat=True)
        person.now_s += 330 * world.random.lognormvariate(0.0, 0.35)


def win_hugely_now_and_then(world: World) -> None:
    """Play honestly for days, then report a few scores that nobody can reach."""
    person = play_casually(world)
    person.kind = "one_off"
    person.now_s = max(person.now_s, (world.days - 1.5) * DAY_S)
    for _ in range(5):
        person.play_until(person.now_s + HOUR_S, rounds=2)
        score = world.random.randint(850, MAX_SCORE)
        done = play(LEVEL, skill=person.skill, random=world.random)
        person.now_s += done.seconds
        person.send(LEVEL, done, is_cheat=True, score=score)
        person.now_s += pause(world.random, median_s=600)


KINDS: dict[str, tuple[Callable[[World], object], int]] = {
    "replayer": (replay_requests, 12),
    "clock_shifter": (shift_the_clock, 12),
    "score_capper": (cap_scores, 12),
    "bot_regular": (run_a_bot, 12),
    "bot_jittered": (run_a_jittered_bot, 12),
    "account_farm": (farm_accounts, 3),
    "session_thief": (steal_a_session, 12),
    "teleporter": (jump_between_countries, 12),
    "slow_drip": (drip_slowly, 12),
    "one_off": (win_hugely_now_and_then, 12),
}
"""Each kind with how many of it a world has: cheaters, or farms."""


def _run_bot(world: World, kind: str, *, jitter: float) -> None:
    person = _cheater(world, kind)
    every_s = world.random.uniform(15, 60)
    for _ in range(TRIES):
        seconds = every_s * world.random.uniform(1 - jitter, 1 + jitter)
        person.now_s += seconds
        score = round(seconds * LEVEL.points_per_s * world.random.lognormvariate(0.0, 0.2))
        done = Round(seconds * 0.9, min(score, LEVEL.most))
        person.send(LEVEL, done, is_cheat=True)


def _cheater(world: World, kind: str) -> Person:
    person = Person(world, kind, city=world.random.choice(CITIES))
    person.games = (LEVEL,)
    person.now_s = _begin(world)
    person.open_session()
    return person


def _begin(world: World) -> float:
    return world.random.uniform(1.2, world.days - 2.2) * DAY_S
