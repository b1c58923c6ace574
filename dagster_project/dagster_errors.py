"""Errors in the words that Dagster may keep and show: our own, and of what is not ours its type and place. Keep out: what any other error says, which can quote data."""

from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import ParamSpec, TypeVar

import dagster as dg

from dagster_project.errors import GlasshouseError, full_disk, is_stop, place_of

Given = ParamSpec("Given")
Made = TypeVar("Made")


class Told(dg.Failure):
    """What went wrong in a step, as its run shows it; `error` is ours where it was one.

    Dagster masks what any other exception says, and its page would have nothing but a number to look up.
    """

    # Dagster masks what carries this mark, failures too; these words need no mask, and carry none.
    _redacted_error_uuid = property(lambda _: None, lambda _, __: None)

    def __init__(self, error: BaseException | None) -> None:
        self.error = error if isinstance(error, GlasshouseError) else full_disk(error)
        self.kind, self.place = type(error).__name__, place_of(error)
        super().__init__(str(self.error or f"a fault of ours: {self.kind} at {self.place or 'no place of ours'}; please report it"))


class ToldOutside(Told, dg.DagsterError):
    """The same of a resource or a sensor, where Dagster lets through what is an error of its own."""


def told(made: Callable[Given, Iterator[Made]], raised: type[Told] = Told) -> Callable[Given, Iterator[Made]]:
    """Return a step whose errors are told; what stops it, and what Dagster says itself, goes through."""

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
            raise raised(error.with_traceback(behind)) from None

    return telling


told_outside = partial(told, raised=ToldOutside)
