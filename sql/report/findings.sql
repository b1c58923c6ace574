-- One row for each finding of the month, the gravest first.
with decided as (
    select
        finding_id,
        record_class,
        nearest_grant_id,
        all_faults,
        distance_s,
        provisional,
        late
    from flagged.access_without_grant
    union all
    select
        finding_id,
        null as record_class,
        null as nearest_grant_id,
        null as all_faults,
        null as distance_s,
        provisional,
        false as late
    from flagged.dark_access
)
select
    f.finding_id,
    f.control,
    f.promise_ids,
    f.code,
    f.severity,
    f.occurred_at,
    f.account_id,
    f.staff_id,
    f.summary,
    d.record_class,
    d.nearest_grant_id,
    d.all_faults,
    d.distance_s,
    coalesce(d.provisional, false) as is_provisional,
    coalesce(d.late, false) as is_late,
    f.first_seen_at,
    f.status
from reported.findings as f
cross join reported.evidence_end as last
left join decided as d on d.finding_id = f.finding_id
where least(coalesce(f.occurred_at, last.last_at), last.as_of - interval 1 microsecond) between $begin and $end
    and ($account is null or f.account_id = $account)
order by
    case f.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 else 5 end,
    f.control,
    f.occurred_at nulls last,
    f.finding_id
