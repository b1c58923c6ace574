"""What a line says of its client's address: the address for the token alone, its version and class, and who it is to a count.

Plain numeric addresses, which most are, are read whole columns at a time and need no memory of those seen before.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.compiled import pays
from dagster_project.scrubbing.addresses import KINDS, Proxies, classify, client, kinds
from dagster_project.scrubbing.columns import CARDS, cards
from dagster_project.scrubbing.memory import CLOSED, Memory, Seen, followed
from dagster_project.scrubbing.tokens import BLOCK, Blocks, address_block

SCHEMA = {"address": BLOCK, "ip_version": pa.int16(), "client_class": CLOSED, "client_source": CLOSED, **CARDS}
_LONGEST_CACHE = 50_000
_VERSIONS = np.array([kind.ip_version for kind in KINDS], np.int16)
_CLASSES = pa.array([kind.client_class for kind in KINDS])
_PEER = pa.array([KINDS[0].client_source])
_KEYS = [np.uint64(hash((name,)) & (2**64 - 1)) for name in ("gh/high", "gh/low")]  # other ones in each process


class Clients:
    """Reads clients: the peer alone, or with the lists of addresses that its line holds."""

    def __init__(self, proxies: Proxies) -> None:
        walked = lru_cache(_LONGEST_CACHE)(client)

        def made(peer: str | None, forwarded: str | None = None, listed: str | None = None, header: str | None = None) -> tuple[object, ...]:
            packed, kept = walked(peer, forwarded, proxies, listed, header) if forwarded or listed or header else classify(peer)
            return packed and address_block(packed), *kept, cards(forwarded) + cards(header)

        self._others = Memory(made, SCHEMA)

    def see(self, peer: pa.Array, *lists: pa.Array) -> Seen:
        """Return the columns of SCHEMA for the peers of lines and the lists beside them, which are left out where all are null."""
        if any(column.null_count < len(column) for column in lists):
            return self._others.see(peer, *lists)
        coded = peer if pa.types.is_dictionary(peer.type) else peer.dictionary_encode()
        if not pays(len(coded.dictionary)):
            return self._others.see(coded)
        from dagster_project.scrubbing.numeric import numeric

        words, versions = numeric(coded.dictionary)
        kept = kinds(words, versions)
        is_plain = kept >= 0
        others = self._others.see(pa.concat_arrays([coded.dictionary.filter(pa.array(~is_plain)), pa.nulls(1, pa.string())]))
        places = np.empty(len(is_plain) + 1, np.int32)
        places[:-1][is_plain] = np.arange(is_plain.sum()) + others.made.num_rows
        places[np.append(~is_plain, True)] = others.rows.to_numpy()
        return Seen(followed(others.made, _of_plain(words[is_plain], kept[is_plain])), pa.array(places).take(pc.fill_null(coded.indices, len(is_plain))))


def _of_plain(words: Blocks, kept: npt.NDArray[np.int32]) -> list[pa.Array]:
    """Return the columns of SCHEMA for addresses in two numbers, and what is kept of each, by its place in KINDS."""
    of_one = pa.repeat(pa.scalar(0, pa.int32()), len(words))
    return [
        pa.FixedSizeBinaryArray.from_buffers(BLOCK, len(words), [None, pa.py_buffer(words.astype(">u8"))]),
        pa.array(_VERSIONS[kept]),
        pa.DictionaryArray.from_arrays(pa.array(kept), _CLASSES),
        pa.DictionaryArray.from_arrays(of_one, _PEER),
        of_one,
    ]


def contributors(addresses: Blocks) -> npt.NDArray[np.int64]:
    """Return 64 bits that stand for an address while a run counts; they are keyed by the process and leave its memory nowhere."""
    high, low = addresses[:, 0], addresses[:, 1]
    return _mixed(_mixed(high ^ _KEYS[0]) ^ low ^ _KEYS[1]).view(np.int64)


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return numbers spread over all 64 bits, different ones for different ones (the finaliser of SplitMix64)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))
