-- One row for each outcome: how many accesses have it.
select outcome, count(*) as accesses
from flagged.access_decisions
group by outcome
order by outcome
