"""What a run shows: lines that pass or fail."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    """The checks of one run, in order.

    Attributes:
        name: of the run.
        checks: (passed, what was seen).
        facts: what was measured beside.
    """

    name: str
    checks: list[tuple[bool, str]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def check(self, passed: bool, seen: str) -> None:
        """Add a check."""
        self.checks.append((passed, seen))

    @property
    def failures(self) -> list[str]:
        """What was seen where a check failed."""
        return [seen for passed, seen in self.checks if not passed]

    def lines(self) -> list[str]:
        """The summary, as it is printed."""
        lines = [f"      {self.name}: {fact}" for fact in self.facts]
        lines += [f"{'pass' if ok else 'FAIL'}  {self.name}: {seen}" for ok, seen in self.checks]
        return lines


def some(items: list[str], most: int = 5) -> str:
    """How many there are, and the first of them."""
    shown = "; ".join(items[:most])
    return f"{len(items)}" + (f" ({shown}{'; ...' if len(items) > most else ''})" if items else "")
