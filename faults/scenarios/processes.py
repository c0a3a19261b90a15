"""Processes of the product killed and stopped; the launcher starts them again, as a host would."""

import signal

from faults.model import Scenario, Strike

WORKERS = ("worker.1", "worker.2")


def kill_workers(strike: Strike) -> None:
    """Kill workers again and again, each at some point of the chain."""
    while strike.lasts_about(0.5):
        strike.system.send(strike.chance.choice(WORKERS), signal.SIGKILL)


def stop_and_kill_worker(strike: Strike) -> None:
    """Stop a worker with whatever it has taken, and kill it only later."""
    name = strike.chance.choice(WORKERS)
    strike.system.send(name, signal.SIGSTOP)
    while strike.lasts(1.0):
        pass
    strike.system.send(name, signal.SIGKILL)


def kill_api_workers(strike: Strike) -> None:
    """Kill the processes of the API, before and after their commits as it happens."""
    while strike.lasts_about(1.0):
        alive = strike.system.api_workers()
        if alive:
            strike.system.kill(strike.chance.choice(alive))


def kill_api(strike: Strike) -> None:
    """Kill the parent of the API's processes, which takes all of them with it."""
    strike.system.send("api", signal.SIGKILL)
    while strike.lasts(1.0):
        pass


def kill_keeper(strike: Strike) -> None:
    """Kill the keeper again and again, and with it workers whose batches it would bring on."""
    while strike.lasts_about(1.0):
        strike.system.send("keeper", signal.SIGKILL)
        strike.system.send(strike.chance.choice(WORKERS), signal.SIGKILL)


def kill_live(strike: Strike) -> None:
    """Kill the process that holds the sockets: the listeners come back."""
    while strike.lasts_about(2.0):
        strike.system.send("live", signal.SIGKILL)


SCENARIOS = (
    Scenario(name="worker-killed", strike=kill_workers),
    Scenario(name="worker-stopped-then-killed", strike=stop_and_kill_worker),
    Scenario(name="api-worker-killed", strike=kill_api_workers),
    Scenario(name="api-killed", strike=kill_api),
    Scenario(name="keeper-killed", strike=kill_keeper),
    Scenario(name="live-killed", strike=kill_live),
)
