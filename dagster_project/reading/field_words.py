"""Which names of columns are made of the words that fields are named by: those may be told; any other may be a person's, since a key of JSON or the head of a sheet often is."""

import re
from collections.abc import Iterator

from dagster_project.reading.accesses.native import EVENTS
from dagster_project.reading.ledger_columns import LEDGERS

_USUAL = """
    a access accessed active actor address age agent alias amount an app application approved area array attribute author b batch begin body boolean browser bucket build by
    bytes c category cell channel checksum city class client closed cloud cluster code color colour column comment company component content context copy count country created
    creator currency customer d data database date day days debug default deleted department description detail details device digest dir document domain duration e email
    enabled end engine entity entry env environment error event example exception expires export extra f family field file first flag folder for format from full function g geo
    given global grade group guid h hash head header height help host hour i id ident identity image import in index info input instance int internal ip is item items j job
    json k key kind l label lang language last latency length level line link list local locale location log logger login lookup m machine mail manager map mask member message
    metadata method minute mobile mode model modified module month ms n name namespace network new node not note notes novelty null number o object of offset old on op
    operation operator option order org organisation organization origin original os other out output owner p page parameter parent part partition partner path payload percent
    period phase phone pid place platform policy port position price primary priority process product profile project property protocol provider q quality quantity query queue
    quota r raw reason ref reference referrer region release remark remarks request resource response result retention review risk role root route row rule run runtime s schema
    scope score seat second secret section segment sensor sequence serial server service session set severity shard sheet signature site size span stage start state statement
    status step stop store string subject sum surname svc system t table tag target task team tenant term terminal test text thread ticket time timestamp timezone title to
    token topic total trace transaction type u unit unknown update updated uri url user username uuid v valid value variant vendor version view visible volume w warning week
    weight width worker workspace x y year z zip zone
"""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_NAME = re.compile(r"(?!(?:.*\d){3})[A-Za-z_][A-Za-z0-9_ .-]{0,59}")


def _declared() -> Iterator[str]:
    for columns in (*LEDGERS.values(), EVENTS):
        for column in columns:
            yield from column.name.split("_")


_WORDS = frozenset([*_USUAL.split(), *_declared()])


def is_field_name(name: str) -> bool:
    """Tell whether a name is written like that of a column, of words that columns are named by (`created_at`, `Valid To`, `lastLogin2`); nothing of it can be somebody's."""
    words = _WORD.findall(name)
    return bool(words and _NAME.fullmatch(name)) and all(word.lower() in _WORDS or word.lower().removesuffix("s") in _WORDS or word.isdigit() for word in words)
