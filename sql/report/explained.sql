-- One row for each basis of a verdict of the month: how many accesses rest on it.
select basis, cast(sum(accesses) as bigint) as accesses
from reported.explained_accesses
where month = $month and ($account is null or account_id = $account)
group by basis
order by accesses desc, basis
