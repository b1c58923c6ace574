"""A log in combined format from a seed: 240 bytes a line, 2 % distinct addresses, 3,000 agents, 25,000 targets.

`python benchmarks/generate_log.py 1000000 > access.log` writes a million lines.
"""

import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

TARGET_CHARACTERS = 24
AGENTS = 3_000
TARGETS = 25_000
LINES_PER_ADDRESS = 50
START = datetime(2026, 3, 2, tzinfo=UTC)

_SECTIONS = ("jobs", "orders", "docs", "pricing", "blog", "api/v1/records", "accounts", "search", "static/img", "help")
_STATUSES = ("200",) * 88 + ("304",) * 6 + ("404",) * 4 + ("301", "500")
_SYSTEMS = ("X11; Linux x86_64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7")


def _address(index: int) -> str:
    """Return one of the addresses of the benchmarking network 198.18.0.0/15, then of 2001:db8::/32."""
    if index < 1 << 17:
        return f"198.{18 + (index >> 16)}.{index >> 8 & 255}.{index & 255}"
    return f"2001:db8:{index >> 16:x}::{index & 65535:x}"


def _agent(index: int) -> str:
    build = f"{100 + index % 45}.0.{4000 + index}.{index * 7 % 200}"
    return f"Mozilla/5.0 ({_SYSTEMS[index % 3]}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{build} Safari/537.36"


COMBINED = '{address} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET {target} HTTP/1.1" {status} {size} "https://www.example.com/" "{agent}"\n'
JSON = (
    '{{"time":"{at:%Y-%m-%dT%H:%M:%S}+00:00","remote_addr":"{address}","request_method":"GET","request_uri":"{target}","server_protocol":"HTTP/1.1",'
    '"status":{status},"body_bytes_sent":{size},"http_referer":"https://www.example.com/","http_user_agent":"{agent}"}}\n'
)


def lines(count: int, seed: int = 1, layout: str = COMBINED) -> Iterator[str]:
    """Yield `count` lines over one day in the order of their instants, in combined format of 240 bytes on average, line end included, or as JSON."""
    draw = random.Random(seed)
    agents = [_agent(index) for index in range(AGENTS)]
    targets = [f"/{_SECTIONS[index % len(_SECTIONS)]}/{index}?page=".ljust(TARGET_CHARACTERS, "1") for index in range(TARGETS)]
    addresses = [_address(index) for index in range(max(1, count // LINES_PER_ADDRESS))]
    for number in range(count):
        instant = START + timedelta(seconds=number * 86_400 / count)
        # Targets and addresses are drawn so that a few are asked for often, as in a real log.
        target = targets[int(TARGETS * draw.random() ** 3)]
        address = addresses[int(len(addresses) * draw.random() ** 2)]
        status, size = draw.choice(_STATUSES), draw.randrange(200, 90_000)
        yield layout.format(address=address, at=instant, target=target, status=status, size=size, agent=draw.choice(agents))


def main() -> None:
    """Write as many lines as the first argument says, from the seed in the second."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    sys.stdout.writelines(lines(count, seed))


if __name__ == "__main__":
    main()
