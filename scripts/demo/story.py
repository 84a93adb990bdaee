"""Tells a person what happens, on standard error: with a moving bar on a terminal, in plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

T = TypeVar("T")


class NothingCame(Exception):
    """The chain did not do in time what it should have done."""


class Story:
    """A run of a known number of chapters."""

    def __init__(self, chapters: int) -> None:
        self._started = time.monotonic()
        self._chapters = chapters
        self._told = 0
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.completed}/{task.total}  {task.description}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task("", total=chapters)

    @property
    def seconds(self) -> int:
        return round(time.monotonic() - self._started)

    @contextmanager
    def chapter(self, title: str, *, quiet: bool = False) -> Iterator[None]:
        """One step. `quiet` leaves the terminal to a tool with a display of its own."""
        self._told += 1
        self.say(f"{self._told}/{self._chapters}  {title}", style="bold")
        self._progress.update(self._task, description=title)
        if not quiet:
            self._progress.start()
        try:
            yield
        finally:
            self._progress.advance(self._task)
            self._progress.stop()

    def say(self, text: str, style: str = "") -> None:
        self._console.print(f"{self.seconds:4d} s  {text}", style=style, markup=False, soft_wrap=True)

    def wait_for(self, what: str, look: Callable[[], T], seconds: float) -> T:
        """The first truthy answer of `look`."""
        deadline = time.monotonic() + seconds
        while not (answer := look()):
            if time.monotonic() > deadline:
                raise NothingCame(f"waited {seconds:.0f} s in vain for {what}")
            time.sleep(0.25)
        return answer
