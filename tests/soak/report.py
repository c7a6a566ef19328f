"""Collect the checks of a soak run."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    """Hold the checks of one run, in order.

    Attributes:
        name: Name of the run.
        checks: (passed, observation).
        facts: Measurements without a check.
    """

    name: str
    checks: list[tuple[bool, str]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def check(self, passed: bool, seen: str) -> None:
        """Add a check."""
        self.checks.append((passed, seen))

    @property
    def failures(self) -> list[str]:
        """Return the observations of failed checks."""
        return [seen for passed, seen in self.checks if not passed]

    def lines(self) -> list[str]:
        """Return the lines of the summary."""
        lines = [f"      {self.name}: {fact}" for fact in self.facts]
        lines += [f"{'pass' if ok else 'FAIL'}  {self.name}: {seen}" for ok, seen in self.checks]
        return lines


def summarize(items: list[str], most: int = 5) -> str:
    """Format the number of items and the first of them."""
    shown = "; ".join(items[:most])
    return f"{len(items)}" + (f" ({shown}{'; ...' if len(items) > most else ''})" if items else "")
