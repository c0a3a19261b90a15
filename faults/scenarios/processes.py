"""Processes of the product killed and stopped; the launcher starts them again."""

import signal

from faults.scenario import Injection, Scenario

WORKERS = ("worker.1", "worker.2")


def kill_workers(injection: Injection) -> None:
    """Kill workers repeatedly, at random points of the chain."""
    while injection.lasts_about(0.5):
        injection.system.send(injection.chance.choice(WORKERS), signal.SIGKILL)


def stop_and_kill_worker(injection: Injection) -> None:
    """Stop a worker with the batches it works on, and kill it at the end of the fault."""
    name = injection.chance.choice(WORKERS)
    injection.system.send(name, signal.SIGSTOP)
    while injection.lasts(1.0):
        pass
    injection.system.send(name, signal.SIGKILL)


def kill_api_workers(injection: Injection) -> None:
    """Kill worker processes of the API, before or after their commits."""
    while injection.lasts_about(1.0):
        alive = injection.system.api_workers()
        if alive:
            injection.system.kill(injection.chance.choice(alive))


def kill_api(injection: Injection) -> None:
    """Kill the parent of the API's worker processes, which ends all of them."""
    injection.system.send("api", signal.SIGKILL)
    while injection.lasts(1.0):
        pass


def kill_keeper(injection: Injection) -> None:
    """Kill the keeper repeatedly, and with it workers whose batches it would recover."""
    while injection.lasts_about(1.0):
        injection.system.send("keeper", signal.SIGKILL)
        injection.system.send(injection.chance.choice(WORKERS), signal.SIGKILL)


def kill_live(injection: Injection) -> None:
    """Kill the process that holds the sockets: the listeners reconnect."""
    while injection.lasts_about(2.0):
        injection.system.send("live", signal.SIGKILL)


SCENARIOS = (
    Scenario(name="worker-killed", inject=kill_workers),
    Scenario(name="worker-stopped-then-killed", inject=stop_and_kill_worker),
    Scenario(name="api-worker-killed", inject=kill_api_workers),
    Scenario(name="api-killed", inject=kill_api),
    Scenario(name="keeper-killed", inject=kill_keeper),
    Scenario(name="live-killed", inject=kill_live),
)
