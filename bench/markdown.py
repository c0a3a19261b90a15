"""The results as Markdown for `docs/benchmarks.md`, where no number is typed by hand."""

from bench.results import Measured, Results
from bench.table import KINDS

RATES = (
    "arm | connections | requests/s | actions/s | p50 ms | p95 ms | p99 ms | mean batch | answers"
)


def write_markdown(results: Results) -> str:
    """Return the machine, both tables, memory, ratios and the result of the checks."""
    machine, settings = results.machine, results.settings
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    parts = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_mb']:,} MB,"
        f" {machine['system']}, {machine['file_system']}; Python {machine['python']}, {packages}."
        f" {settings['players']:,} players, {settings['seconds_per_arm']:g} s per arm;"
        f" load average before: {machine['load_before']}.",
        _table(RATES.split(" | "), [_rates(measured) for measured in results.arms]),
        "CPU seconds per 1,000 actions (`top10`: reads), by kind of process:",
        _table(
            ["arm", "connections", *KINDS, "generator load"],
            [_cpu(measured) for measured in results.arms],
        ),
        f"Memory of the stack (PSS, without Flower): {results.rest.megabytes} MB at rest,"
        f" {results.peak_megabytes} MB at most.",
    ]
    parts += [f"`{name}`: {ratio}" for name, ratio in results.ratios.items()]
    verdicts = [measured.verdict for measured in results.arms if measured.verdict is not None]
    acknowledged = sum(verdict.acknowledged for verdict in verdicts)
    lost = sum(verdict.lost for verdict in verdicts)
    doubled = sum(verdict.doubled for verdict in verdicts)
    scores = verdicts[-1].wrong_scores if verdicts else 0
    parts.append(
        f"Acknowledged: {acknowledged:,} actions; lost {lost}, doubled {doubled}, players with a"
        f" wrong score {scores}. Invariants afterwards: {'ok' if results.verified else 'BROKEN'}."
    )
    return "\n\n".join(parts) + "\n"


def _rates(measured: Measured) -> list[str]:
    latencies = [measured.report.latencies_ms.get(name) for name in ("p50", "p95", "p99")]
    return [
        measured.arm.name,
        str(measured.arm.connections),
        f"{measured.requests_per_s:,.0f}",
        f"{measured.actions_per_s:,.0f}" if measured.arm.actions_per_request else "",
        *("" if value is None else f"{value:,.1f}" for value in latencies),
        measured.mean_batch,
        ", ".join(f"{status}: {n:,}" for status, n in measured.report.statuses.items()),
    ]


def _cpu(measured: Measured) -> list[str]:
    spent = measured.cpu_seconds_per_1000
    return [
        measured.arm.name,
        str(measured.arm.connections),
        *(f"{spent[kind]:.3f}" if kind in spent else "" for kind in KINDS),
        f"{measured.report.cpu_share:.0%}",
    ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
