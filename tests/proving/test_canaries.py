"""The invented persons: as many kinds as promised, and two sets of people that differ in nothing but who they are."""

from dagster_project.proving.canaries import KINDS, PEOPLE, canaries
from dagster_project.scrubbing.detectors import kinds


def test_there_are_sixty_kinds_and_more_and_none_twice() -> None:
    """A canary that is another one again would count twice and prove once."""
    held = canaries(0) + canaries(1)
    assert KINDS >= 60
    assert len({canary.text for canary in held}) == len(held) == 2 * KINDS


def test_both_sets_of_people_are_written_alike() -> None:
    """A difference of length or form would show in the tables and be taken for an influence of the person."""
    for one, other in zip(canaries(0), canaries(1), strict=True):
        assert (one.kind, len(one.text)) == (other.kind, len(other.text))
        assert kinds(one.text) == kinds(other.text), one.kind
    assert PEOPLE[0].keys() == PEOPLE[1].keys()


def test_no_canary_stands_in_another_person() -> None:
    """What is searched for in the first world must not be there because of the second."""
    ours = {canary.text for canary in canaries(0)} | {canary.plain for canary in canaries(0) if len(canary.plain) > 8}
    theirs = " ".join(f"{canary.text} {canary.plain}" for canary in canaries(1))
    assert [text for text in ours if text in theirs] == []


def test_a_canary_breaks_no_field() -> None:
    """A blank or a quote would end the field it is put in, and the rest would land in the next."""
    assert [canary.kind for canary in canaries(0) + canaries(1) if set(canary.text) & set(' "\t\n')] == []
