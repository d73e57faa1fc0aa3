"""Measured figures, as a table and as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table: values by name, all in one unit, and how many samples they rest on."""

    name: str
    unit: str
    values: dict[str, float]
    samples: int
    note: str = ""


def percentile(numbers: Sequence[float], share: float) -> float:
    """The smallest number that at least `share` per cent of the numbers do not exceed. Raises on no numbers."""
    return sorted(numbers)[max(0, math.ceil(len(numbers) * share / 100) - 1)]


def spread(name: str, seconds: Sequence[float], *shares: int, note: str = "") -> Figure:
    """A figure in milliseconds with these percentiles and the largest value; without samples it has no values."""
    values = {f"p{share}": percentile(seconds, share) * 1000 for share in shares} if seconds else {}
    if seconds:
        values["max"] = max(seconds) * 1000
    return Figure(name, "ms", values, len(seconds), note)


def single(name: str, unit: str, value: float, samples: int = 1, note: str = "") -> Figure:
    """A figure of one value."""
    return Figure(name, unit, {"": value}, samples, note)


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned text, one a line."""
    rows = [(f.name, _values(f), f"n={f.samples}", f.note) for f in figures]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "\n".join(
        f"{name:<{widths[0]}}  {values:<{widths[1]}}  {samples:<{widths[2]}}  {note}".rstrip()
        for name, values, samples, note in rows
    )


def _values(figure: Figure) -> str:
    if not figure.values:
        return "no sample"
    return "  ".join(f"{name} {value:.1f}".strip() for name, value in figure.values.items()) + f" {figure.unit}"


def write(path: Path, machine: dict[str, Any], figures: Sequence[Figure]) -> None:
    """Writes the figures and what they were measured on as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
