"""Describe why worker processes exited, for the log."""

from __future__ import annotations

import signal

from web_image_ocr.primitives.memory import out_of_memory_kills


class WorkerExits:
    """Distinguish workers killed for lack of memory from those killed otherwise."""

    def __init__(self) -> None:
        self._kills_seen = out_of_memory_kills()

    def describe(self, killed_for: str, status: int) -> dict[str, object]:
        """Return the fields of a log record.

        Args:
            killed_for: why the server ended the worker; empty if it did not.
            status: exit status, or a negative signal number.
        """
        if status >= 0:
            return {"exit_code": status}
        try:
            name = signal.Signals(-status).name
        except ValueError:  # a real-time signal
            name = str(-status)
        fields: dict[str, object] = {"exit_code": status, "signal": name}
        if killed_for:
            fields["killed_for"] = killed_for
        elif status == -signal.SIGKILL and self._memory_ran_out():
            fields["hint"] = (
                "out of memory: raise the memory limit, or lower serving.workers or "
                "serving.spare_workers"
            )
        return fields

    def _memory_ran_out(self) -> bool:
        if out_of_memory_kills() <= self._kills_seen:
            return False
        self._kills_seen += 1  # the next kill may belong to another worker
        return True
