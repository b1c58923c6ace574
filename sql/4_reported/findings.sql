-- One row for each finding of any control, with what compliance decided on it.
with review as (
    -- Nobody outside the vendor's staff reviews, and nobody reviews what is found on herself.
    select f.finding_id, r.status, row_number() over (partition by f.finding_id order by r.reviewed_at desc, r.status) as rank_from_1
    from scrubbed.reviews as r
    cross join scrubbed.run as run
    join flagged.findings as f on f.finding_id = r.finding_id
    where
        r.reviewed_by_staff_id is not null
        and r.reviewed_by_staff_id is distinct from f.staff_id
        and r.reviewed_at <= run.as_of
)
select
    f.finding_id, -- 32 hex digits over the control and the natural key: the same finding in every run
    f.control, -- control that found it, a file of sql/3_flagged
    f.promise_ids, -- promises it breaks; empty = none
    f.code, -- verdict
    f.severity, -- critical, high, medium or low
    f.occurred_at, -- instant of what was found; null where its stamp has no zone
    f.account_id, -- customer; null where no single one
    f.staff_id, -- member of staff; null where nobody is named
    f.summary, -- one sentence
    coalesce(s.first_seen_at, run.as_of) as first_seen_at, -- as-of of the first run that saw it
    coalesce(r.status, 'new') as status -- new, acknowledged, justified, false_positive, remediated or reopened
from flagged.findings as f
cross join scrubbed.run as run
left join ledger.first_seen as s on s.finding_id = f.finding_id
left join review as r on r.finding_id = f.finding_id and r.rank_from_1 = 1
