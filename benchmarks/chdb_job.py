"""The work of one run, without its privacy rules, in ClickHouse's engine: parse, hash addresses, template routes, Parquet, hourly counts."""

import sys

LINE = r'^(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\d+|-) "([^"]*)" "([^"]*)"'
PARSE = """
insert into function file('{target}', 'Parquet')
select
    parseDateTimeBestEffort(replaceRegexpOne(part[3], ':', ' ')) as occurred_at,
    sipHash64Keyed((toUInt64(1), toUInt64(2)), part[1], part[9]) as visitor,
    part[4] as method,
    replaceRegexpAll(cutQueryString(part[5]), '/[0-9]+', '/{{int}}') as route,
    toUInt16OrZero(part[6]) as status,
    toUInt64OrZero(part[7]) as bytes_sent,
    domain(part[8]) as referrer,
    extract(part[9], '(Firefox|Chrome|Safari|Edge|Opera)') as browser
from (select extractGroups(line, '{pattern}') as part from file('{source}', 'LineAsString'))
where notEmpty(part)
"""
COUNT = "select toStartOfHour(occurred_at) as hour, route, count(), uniqExact(visitor), sum(bytes_sent) from file('{target}', 'Parquet') group by hour, route"


def main() -> None:
    """Read the log of the first argument into the Parquet file of the second, and count it."""
    import chdb

    source, target = sys.argv[1:3]
    chdb.query(PARSE.format(source=source, target=target, pattern=LINE.replace("\\", "\\\\")))
    chdb.query(COUNT.format(target=target))


if __name__ == "__main__":
    main()
