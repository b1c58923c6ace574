-- One row for each suppressed table: what of the month was shown and hidden.
select
    table_name,
    cast(sum(cells) as bigint) as cells,
    cast(sum(suppressed) as bigint) as suppressed,
    min(fewest_visitors) as fewest_visitors,
    cast(sum(recoverable) as bigint) as recoverable
from ledger.releases
where day >= $month and day < $next and ($account is null or account_id = $account)
group by table_name
order by table_name
