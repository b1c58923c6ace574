"""Errors in the words that Dagster may keep and show: our own, and of what is not ours its type and place. Keep out: what any other error says, which can quote data."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import ParamSpec, TypeVar

import dagster as dg

from dagster_project.errors import GlasshouseError, full_disk, is_stop, place_of

Given = ParamSpec("Given")
Made = TypeVar("Made")


class Told(dg.DagsterError):
    """What went wrong in a step, a resource or a sensor, as its run shows it; `error` is ours where it was one.

    Dagster masks every error but its own kind, and would leave its page with a number to look up.
    """

    # Dagster masks what carries this mark, its own errors too; these words need no mask, and carry none.
    _redacted_error_uuid = property(lambda _: None, lambda _, __: None)

    def __init__(self, error: BaseException | None) -> None:
        self.error = error if isinstance(error, GlasshouseError) else full_disk(error)
        self.kind, self.place = type(error).__name__, place_of(error)
        super().__init__(str(self.error or f"a fault of ours: {self.kind} at {self.place or 'no place of ours'}; please report it"))


def told(made: Callable[Given, Iterator[Made]]) -> Callable[Given, Iterator[Made]]:
    """Return a generator whose errors are told; what stops it, and what Dagster says itself, goes through."""

    @wraps(made)
    def telling(*args: Given.args, **kwargs: Given.kwargs) -> Iterator[Made]:
        try:
            yield from made(*args, **kwargs)
        except dg.DagsterError:
            raise
        except Exception as error:
            if is_stop(error):
                raise
            behind = error.__traceback__.tb_next if error.__traceback__ else None  # this very line is no place where it arose
            raise Told(error.with_traceback(behind)) from None

    return telling
