"""Figures, what they should be, what they came to, and what got worse since the baseline."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table

from benchmarks.costs import Cost, typical

_WORSE = 1.25


class Target(NamedTuple):
    """A figure: what it is, what it must reach at least, and what we aim at."""

    title: str
    least: float
    aim: float
    more_is_better: bool = False

    def outcome(self, ratio: float) -> str:
        """Say which of the two a ratio reaches."""
        sign = -1 if self.more_is_better else 1
        if sign * ratio <= sign * self.aim:
            return "aim"
        return "at least" if sign * ratio <= sign * self.least else "missed"


TARGETS: dict[str, Target] = {
    "csv": Target("csv, first load ÷ B", 3.5, 2.0),
    "changed": Target("the same file, 1 % changed ÷ B", 2.5, 1.5),
    "unchanged": Target("the same readings, another checksum ÷ B", 2.0, 1.0),
    "same": Target("the same file again ÷ B", 0.05, 0.01),
    "xlsx": Target("xlsx of 200,000 rows × 5 ÷ bare read", 4, 2.5),
    "small-files": Target("600 day-sheets in csv ÷ one csv, per reading", 4, 2),
    "small-workbooks": Target("600 day-sheets in xlsx ÷ one csv, per reading", 4, 2),
    "day-workbooks": Target("workbook of 24 hours among 10,000, file to core, ms", 4, 1.5),
    "day-csvs": Target("csv of 24 hours among 10,000, file to core, ms", 2.5, 1),
    "known-files": Target("unchanged file: slope from 10,000 to 70,000, ms", 0.5, 0.2),
    "broken-files": Target("1 in 100 workbooks broken ÷ none", 1.3, 1.1),
    "files-memory": Target("peak over idle of 70,000 workbooks of 24 hours, MB", 400, 250),
    "requeue": Target("requeue of 100,000 waiting readings ÷ loading them", 1.5, 1),
    "wide": Target("96 intervals a row ÷ one a line", 1.5, 1.0),
    "wide-meters": Target("300 meters in columns ÷ one a line", 1.5, 1.2),
    "rejected-1": Target("csv with 1 % rejected ÷ clean", 1.3, 1.1),
    "rejected-100": Target("csv with all rejected ÷ clean", 4, 2),
    "rejected-4m": Target("csv of 4 M with 1 % rejected ÷ clean of the same size", 1.3, 1.1),
    "naive": Target("row by row ÷ ours", 40, 60, more_is_better=True),
    "dlt": Target("dlt, its csv reader, by merge ÷ ours", 3, 8, more_is_better=True),
    "dlt-arrow": Target("dlt, Arrow given to it, by merge ÷ ours", 3, 8, more_is_better=True),
    "growth": Target("exponent from 0.1 to 10 M, on 10 M", 1.1, 1.02),
    "city": Target("fifth city day of 6 M ÷ first", 1.2, 1.05),
    "memory": Target("peak over idle of 10 M from csv, MB", 250, 80),
    "memory-growth": Target("peak of 10 M ÷ peak of 1 M", 1.2, 1.0),
    "features": Target("features of a day, on 50 M ÷ on 10 M", 1.5, 1.1),
    "start-help": Target("dataops --help, CPU s", 0.3, 0.2),
    "start": Target("slowest of status, errors, trace, CPU s", 0.8, 0.4),
    "orchestration": Target("load-day minus data path, s", 6, 3),
    "backfill": Target("backfill of 30 days, 2 workers ÷ 1", 0.75, 0.55),
}


@dataclasses.dataclass
class Result:
    """What one figure came to: one entry of each list for each repeat."""

    name: str
    ratios: list[float]
    cpu_ratios: list[float] = dataclasses.field(default_factory=list)
    costs: list[Cost] = dataclasses.field(default_factory=list)
    steps: list[dict[str, Cost]] = dataclasses.field(default_factory=list)
    note: str = ""

    @property
    def ratio(self) -> float:
        """By wall time."""
        return median(self.ratios)

    @property
    def cpu_ratio(self) -> float | None:
        """By CPU of client and server together; None where that of the server is not known."""
        return median(self.cpu_ratios) if self.cpu_ratios else None

    @property
    def cost(self) -> Cost | None:
        """Median of the costs."""
        return typical(self.costs) if self.costs else None

    @property
    def typical_steps(self) -> dict[str, Cost]:
        """Median of each step."""
        return {name: typical([steps[name] for steps in self.steps]) for name in (self.steps or [{}])[0]}


def compare(name: str, costs: Sequence[Cost], yardsticks: Sequence[Cost], *, per: float = 1, **more: Any) -> Result:
    """Set costs in relation to those of the yardstick, repeat by repeat; `per` is how much more work they do."""
    pairs = list(zip(costs, yardsticks, strict=True))
    cpus = [cost.cpu / other.cpu / per for cost, other in pairs if cost.cpu is not None and other.cpu]
    return Result(name, [cost.wall / other.wall / per for cost, other in pairs], cpus, list(costs), **more)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the slope of time over size on logarithmic scales: 1 is linear."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def table_of(results: Sequence[Result], *, title: str) -> Table:
    """Return all figures as one table."""
    table = Table(title=title, caption="ratio: wall time; CPU: of client and server together; seconds are medians")
    for name in (
        "figure",
        "ratio",
        "at least",
        "aim",
        "verdict",
        "CPU ratio",
        "wall s",
        "client s",
        "server s",
        "note",
    ):
        table.add_column(name, justify="left" if name in ("figure", "verdict", "note") else "right")
    for result in results:
        target, cost = TARGETS[result.name], result.cost
        sign = "≥" if target.more_is_better else "≤"
        table.add_row(
            f"{result.name}: {target.title}",
            number(result.ratio),
            f"{sign} {target.least:g}",
            f"{sign} {target.aim:g}",
            target.outcome(result.ratio),
            number(result.cpu_ratio),
            *((number(cost.wall), number(cost.client), number(cost.server)) if cost else ("", "", "")),
            result.note,
        )
    return table


def steps_of(result: Result) -> str:
    """Return a figure's steps in one line: wall time, and CPU of client and server."""
    return f"{result.name}: " + ", ".join(
        f"{name} {step.wall:.2f} s (CPU {step.client:.2f} + {number(step.server)})"
        for name, step in result.typical_steps.items()
    )


def number(value: float | None) -> str:
    """Write a number with three digits that count."""
    if value is None:
        return "n/a"
    digits = max(2 - math.floor(math.log10(abs(value))), 0) if value else 0
    return f"{value:,.{min(digits, 3)}f}"


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """Return all that was measured."""
    return {
        result.name: {
            "ratio": result.ratio,
            "cpu_ratio": result.cpu_ratio,
            "verdict": TARGETS[result.name].outcome(result.ratio),
            "repeats": len(result.ratios),
            "ratios": result.ratios,
            "costs": [cost._asdict() for cost in result.costs],
            "steps": {name: cost._asdict() for name, cost in result.typical_steps.items()},
            "note": result.note,
        }
        for result in results
    }


def baseline_of(results: Sequence[Result]) -> dict[str, float]:
    """Return what later runs are compared with: the CPU ratios, which are steadier, where there are any."""
    return {result.name: round(result.cpu_ratio or result.ratio, 3) for result in results}


def worse_than(baseline: Mapping[str, float], results: Sequence[Result]) -> list[str]:
    """Say what is worse by more than a quarter than in the baseline."""
    worse = []
    for name, now in baseline_of(results).items():
        before = baseline.get(name)
        if before and (before / now if TARGETS[name].more_is_better else now / before) > _WORSE:
            worse.append(f"{name}: {number(now)}, was {number(before)}")
    return worse


def read_baseline(path: Path) -> dict[str, float]:
    """Read the committed ratios."""
    return {name: float(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}


def write_json(path: Path, content: object) -> None:
    """Write a file that people may read, too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
