"""Progress bars on stderr while a person watches; nothing where nobody does."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from dagster_project.engines.house import Tell, Watch
from dagster_project.publishing.exports import visible


@contextmanager
def watched(console: Console) -> Iterator[tuple[Watch, Tell]]:
    """Give two functions: one draws how far a step is (name, done, total), one prints a warning above the bars."""

    def tell(sentence: str) -> None:
        console.print(f"warning: {visible(sentence)}", markup=False, highlight=False, soft_wrap=True)

    if not console.is_terminal:
        yield lambda _step, _done, _total: None, tell
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(visible(step), total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield watch, tell
