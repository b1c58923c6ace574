-- One row for each finding of any control, with what compliance decided on it.
with review as (
    -- The last that counts decides; of two made at once, the one that settles less.
    select finding_id, status, reviewed_at
    from reported.review_register
    where fault is null
    qualify row_number() over (
        partition by finding_id
        order by reviewed_at desc, array_position(['reopened', 'acknowledged', 'remediated', 'justified', 'false_positive'], status)
    ) = 1
),
-- A run for an earlier instant than the last one says nothing new.
anew as (
    select
        f.finding_id,
        s.first_seen_at,
        case when run.as_of >= s.seen_at and (s.is_gone or s.code <> f.code) then run.as_of else s.changed_at end as changed_at
    from flagged.findings as f
    cross join scrubbed.run as run
    join ledger.first_seen as s on s.finding_id = f.finding_id
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
    coalesce(a.first_seen_at, run.as_of) as first_seen_at, -- as-of of the first run that saw it
    case
        -- What was settled is open again where the verdict is another than the one reviewed, or it has happened since.
        when r.status in ('justified', 'false_positive', 'remediated') and a.changed_at >= r.reviewed_at then 'reopened'
        when r.status = 'remediated' and f.occurred_at >= r.reviewed_at then 'reopened'
        else coalesce(r.status, 'new')
    end as status -- new, acknowledged, justified, false_positive, remediated or reopened
from flagged.findings as f
cross join scrubbed.run as run
left join anew as a on a.finding_id = f.finding_id
left join review as r on r.finding_id = f.finding_id
