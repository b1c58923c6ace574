-- One row: the keys of the month's days.
select
    count(*) as keys,
    count(destroyed_at) as destroyed,
    count(*) filter (where destroyed_at is null and destroy_after < $as_of) as overdue
from ledger.keys
where day >= $month and day < $next
