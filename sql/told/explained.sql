-- One row for each basis of a verdict: how many accesses rest on it.
select basis, cast(sum(accesses) as bigint) as accesses
from reported.explained_accesses
group by basis
order by basis
