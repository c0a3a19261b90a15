"""Honest players of several habits. Times are local: people sleep at night."""

from collections.abc import Callable

from bench.fraud.games import SPRINT, pause, play
from bench.fraud.model import CITIES, DAY_S, HOUR_S, MINUTE_S, City, World
from bench.fraud.people import Person
from domain.fraud.checks.location import measure_km

CRUISE_KM_PER_H = 850.0


def play_casually(world: World) -> Person:
    """Add somebody who plays a few rounds, once to three times a day."""
    person = _somebody(world, "casual")
    for day in range(int(world.days)):
        if world.random.random() < 0.2:
            continue
        for hour in sorted(world.random.uniform(7, 22) for _ in range(world.random.randint(1, 3))):
            _start(person, day, hour)
            if world.random.random() < 0.3:
                person.take_bonus()
            person.play_until(person.now_s + HOUR_S, rounds=world.random.randint(4, 20))
        person.skill *= 1.03
    return person


def play_as_expert(world: World) -> Person:
    """Add somebody who is very good, and plays for hours in the evening."""
    person = _somebody(world, "expert")
    person.skill = world.random.uniform(1.8, 2.6)
    for day in range(int(world.days)):
        _start(person, day, world.random.uniform(15, 20))
        person.play_until(person.now_s + 4 * HOUR_S, rounds=world.random.randint(40, 110))
    return person


def play_in_bursts(world: World) -> Person:
    """Add somebody who plays short rounds as fast as they come, and then nothing for hours."""
    person = _somebody(world, "bursty")
    for day in range(int(world.days)):
        for hour in sorted(world.random.uniform(7, 23) for _ in range(world.random.randint(2, 5))):
            _start(person, day, hour)
            person.open_session()
            for _ in range(world.random.randint(6, 14)):
                done = play(SPRINT, skill=person.skill, random=world.random)
                seconds = max(done.seconds * 0.6, 5.0)
                person.now_s += seconds
                person.send(SPRINT, done._replace(seconds=seconds))
                person.now_s += pause(world.random, median_s=2.5, spread=0.6)
    return person


def play_while_travelling(world: World) -> Person:
    """Add somebody who flies to another continent and back, and changes networks on the way."""
    person = _somebody(world, "travelling")
    home, device = person.city, person.client
    away = world.random.choice([city for city in CITIES if city.country != home.country])
    flight_s = 3 * HOUR_S + measure_km(*_place(home), *_place(away)) / CRUISE_KM_PER_H * HOUR_S
    for day in range(int(world.days)):
        city = away if day % 4 in (1, 2) else home
        if city is not person.city:
            person.city = city
            person.now_s += flight_s
        for hour in (world.random.uniform(8, 11), world.random.uniform(19, 21.5)):
            # Hotel, cafe, mobile network: the device stays.
            person.client = world.make_client(
                person.city, device=device.device, names_device=device.names_device
            )
            _start(person, day, hour)
            person.play_until(person.now_s + HOUR_S, rounds=world.random.randint(5, 15))
    return person


def play_behind_one_address(world: World, *, players: int = 30) -> list[Person]:
    """Add a school: many players with one address, some with the same kind of computer."""
    city, address = world.random.choice(CITIES), world.subject()
    lab = world.subject()
    people = []
    for number in range(players):
        # A lab's computers cannot be told apart by their headers.
        same = number % 5 == 0
        client = world.make_client(
            city,
            device=lab if same else None,
            address=address,
            names_device=False if same else None,
        )
        person = Person(world, "one_address", city=city, client=client)
        for day in range(int(world.days)):
            _start(person, day, world.random.uniform(9, 14))
            person.play_until(person.now_s + HOUR_S, rounds=world.random.randint(3, 15))
        people.append(person)
    return people


def play_as_family(world: World, *, players: int = 3) -> list[Person]:
    """Add a family that shares one tablet."""
    city = world.random.choice(CITIES)
    client = world.make_client(city, names_device=True)
    people = [Person(world, "family", city=city, client=client) for _ in range(players)]
    for day in range(int(world.days)):
        for number, person in enumerate(people):
            _start(person, day, 15 + 1.5 * number + world.random.uniform(0, 0.3))
            person.play_until(person.now_s + HOUR_S, rounds=world.random.randint(4, 20))
    return people


def play_on_the_underground(world: World) -> Person:
    """Add a commuter whose actions come when the network does, up to four minutes late."""
    person = _somebody(world, "underground")
    for day in range(int(world.days)):
        for hour in (world.random.uniform(7, 8.5), world.random.uniform(17, 19)):
            _start(person, day, hour)
            person.open_session()
            back_s = person.now_s
            for _ in range(world.random.randint(6, 18)):
                if person.now_s > back_s:
                    back_s = person.now_s + world.random.choice((0.0, 60.0, 120.0, 200.0))
                game = world.random.choice(person.games)
                done = play(game, skill=person.skill, random=world.random)
                person.now_s += done.seconds
                person.send(game, done, late_s=max(back_s - person.now_s, 0.1))
                person.now_s += pause(world.random)
    return person


def play_through_the_night(world: World) -> Person:
    """Add somebody who plays for eleven hours on one day, with meals."""
    person = _somebody(world, "marathon")
    _start(person, world.random.randrange(int(world.days)), world.random.uniform(9, 11))
    for _ in range(5):
        person.play_until(person.now_s + 2 * HOUR_S, rounds=60)
        person.now_s += world.random.uniform(15, 40) * MINUTE_S
    return person


def _place(city: City) -> tuple[float, float]:
    return city.latitude, city.longitude


HABITS: dict[str, tuple[Callable[[World], object], int]] = {
    "casual": (play_casually, 120),
    "expert": (play_as_expert, 15),
    "bursty": (play_in_bursts, 30),
    "travelling": (play_while_travelling, 25),
    "one_address": (play_behind_one_address, 2),
    "family": (play_as_family, 8),
    "underground": (play_on_the_underground, 25),
    "marathon": (play_through_the_night, 12),
}
"""Each habit with how many of it a world has: people, schools or families."""


def _somebody(world: World, kind: str) -> Person:
    return Person(world, kind, city=world.random.choice(CITIES))


def _start(person: Person, day: int, local_hour: float) -> None:
    """Let the next round begin then, by the clocks of the person's city, and never before now."""
    city: City = person.city
    at_s = day * DAY_S + (local_hour - city.utc_hours) * HOUR_S
    person.now_s = max(person.now_s + MINUTE_S, at_s)
