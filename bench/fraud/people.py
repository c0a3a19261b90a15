"""A person who plays, honest or not: the state from which each action is made."""

from bench.fraud.games import BONUS, GAMES, Game, Round, pause, play
from bench.fraud.model import SECOND_US, START_US, City, Played, World
from domain.fraud.candidate import Candidate, Client
from domain.fraud.signals import PlaySession

PLAY_SESSION_S = 4 * 3600.0


class Person:
    """One account: a favourite game, a skill, a clock that is some seconds wrong, a client."""

    def __init__(self, world: World, kind: str, *, city: City, client: Client | None = None):
        random = world.random
        self.world = world
        self.kind = kind
        self.name = world.name(f"{kind}-")
        self.city = city
        self.client = client or world.make_client(city)
        self.skill = random.lognormvariate(0.0, 0.3)
        self.games: tuple[Game, ...] = tuple(random.sample(GAMES, k=random.choice((1, 2, 3))))
        # Most clocks are right to a second; some are wrong, always alike.
        self.clock_s = random.choice((0.0, 0.0, 0.0, 0.3, -0.4, 2.0, -8.0, 25.0))
        self.announces = random.random() < 0.7
        self.session: PlaySession | None = None
        self.now_s = 0.0

    def open_session(self) -> None:
        """Announce a time of play, if this person's game does."""
        self.session = None
        if not self.announces:
            return
        started_us = START_US + round(self.now_s * SECOND_US)
        name = self.world.name("session-")
        self.session = PlaySession(
            name, self.name, started_us, started_us + round(PLAY_SESSION_S * SECOND_US)
        )
        self.world.sessions[name] = self.session

    def play_until(self, end_s: float, *, rounds: int, skill: float | None = None) -> None:
        """Play so many rounds with pauses, unless the time is over before."""
        self.open_session()
        for _ in range(rounds):
            game = self.world.random.choice(self.games)
            done = play(game, skill=skill or self.skill, random=self.world.random)
            self.now_s += done.seconds
            if self.now_s > end_s:
                return
            self.send(game, done)
            self.now_s += pause(self.world.random)

    def take_bonus(self) -> None:
        """Take the bonus of the day, which is the same for everybody."""
        self.send(BONUS, Round(0.0, BONUS.most))
        self.now_s += pause(self.world.random)

    def send(
        self,
        game: Game,
        done: Round,
        *,
        is_cheat: bool = False,
        score: int | None = None,
        clock_s: float | None = None,
        timestamp_us: int | None = None,
        client: Client | None = None,
        late_s: float | None = None,
        kind: str | None = None,
        session: PlaySession | None = None,
    ) -> Played:
        """Send an action of now; what is given is in place of what is so for this person."""
        random = self.world.random
        played_us = START_US + round(self.now_s * SECOND_US)
        travel_s = random.lognormvariate(-2.5, 0.6) if late_s is None else late_s
        wrong_s = self.clock_s if clock_s is None else clock_s
        used = session or self.session
        if used is not None and played_us > used.expires_us:
            self.open_session()
            used = self.session
        action = Candidate(
            action_no=0,
            action_id=self.world.name("action-"),
            user_id=self.name,
            score=done.score if score is None else score,
            accepted_us=played_us + round(travel_s * SECOND_US),
            timestamp_us=played_us + round(wrong_s * SECOND_US)
            if timestamp_us is None
            else timestamp_us,
            action_type=game.action_type,
            client=client or self.client,
            session_id=used.session_id if used else None,
            duration_ms=done.seconds * 1000 if done.seconds else None,
        )
        played = Played(action, self.name, kind or self.kind, is_cheat)
        self.world.played.append(played)
        return played
