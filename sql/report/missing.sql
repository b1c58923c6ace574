-- One row for each reason why promises cannot be told for the month, which a broken promise does not say.
with unknown as (
    select promise_id, month, reason from reported.evidence_gaps
    union
    select promise_id, month, reason from reported.evidence_doubts
)
select reason, list_sort(list(promise_id)) as promise_ids
from unknown
where month = $month
group by reason
order by count(*) desc, reason
