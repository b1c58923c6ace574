"""What the report reads, as plain selects over the reported tables; nothing is computed here but sums and order.

Parameters: $month and $next (the first days of the period's month and of the one after), $account (null: all accounts).
"""

OURS = "($account is null or {}account_id = $account)"
MONTH = "{0} >= cast($month as timestamptz) and {0} < cast($next as timestamptz)"
# What has no date belongs to the month of the last evidence, what is after the as-of to the as-of's: reported.promises counts it there too.
HAPPENED = MONTH.format("least(coalesce({0}, (select last_at from reported.evidence_end)), $as_of - interval 1 microsecond)")
_RANK = "case {0} when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 else 5 end"

PROMISES = """
select p.policy, p.promise_id, t.promised, p.status, p.checked, p.broken, p.reason, p.controls
from reported.promises as p
left join scrubbed.promises as t on t.policy = p.policy and t.promise_id = p.promise_id
where cast(p.period_start as date) >= $month and cast(p.period_start as date) < $next
order by p.policy desc, length(p.promise_id), p.promise_id
"""

# The customer's page shows what concerns her: a vendor-wide status would tell of other customers.
PROMISES_OF_ACCOUNT = f"""
with found as (
    select unnest(promise_ids) as promise_id, finding_id
    from reported.findings
    where account_id = $account and {HAPPENED.format("occurred_at")}
)
select p.policy, p.promise_id, t.promised, p.controls, count(found.finding_id) as broken
from reported.promises as p
left join scrubbed.promises as t on t.policy = p.policy and t.promise_id = p.promise_id
left join found on found.promise_id = p.promise_id
where cast(p.period_start as date) >= $month and cast(p.period_start as date) < $next and p.status <> 'not_applicable'
group by p.policy, p.promise_id, t.promised, p.controls
order by p.policy desc, length(p.promise_id), p.promise_id
"""

FINDINGS = f"""
with decided as (
    select finding_id, record_class, nearest_grant_id, all_faults, distance_s, provisional, late
    from flagged.access_without_grant
    where {OURS.format("")}
    union all
    select finding_id, null, null, null, null, provisional, false
    from flagged.dark_access
    where {OURS.format("")}
)
select
    f.finding_id, f.control, f.promise_ids, f.code, f.severity, f.occurred_at, f.account_id, f.staff_id, f.summary,
    d.record_class, d.nearest_grant_id, d.all_faults, d.distance_s, coalesce(d.provisional, false) as is_provisional, coalesce(d.late, false) as is_late,
    f.first_seen_at, f.status
from reported.findings as f
left join decided as d on d.finding_id = f.finding_id
where {HAPPENED.format("f.occurred_at")} and {OURS.format("f.")}
order by {_RANK.format("f.severity")}, f.control, f.occurred_at nulls last, f.finding_id
"""

DECISIONS = """
select outcome, code, sum(accesses)::bigint as accesses, max(staff) as staff, max(accounts) as accounts
from reported.decision_counts
where month = $month
group by outcome, code
order by accesses desc, code
"""

DECISIONS_OF_ACCOUNT = f"""
select outcome, code, count(*) as accesses, count(distinct staff_id) as staff, 1 as accounts
from flagged.access_decisions
where account_id = $account and {HAPPENED.format("occurred_at")}
group by outcome, code
order by accesses desc, code
"""

EXPLAINED = f"""
select basis, sum(accesses)::bigint as accesses
from reported.explained_accesses
where month = $month and {OURS.format("")}
group by basis
order by accesses desc, basis
"""

# What the customer's own users did is counted, not listed: it concerns nobody but her.
ACCESSES_OF_ACCOUNT = f"""
select d.occurred_at, d.outcome, d.code, d.staff_id, told.basis, told.sentence, d.grant_id, d.nearest_grant_id, d.source, d.event_id, d.provisional as is_provisional
from flagged.access_decisions as d
join flagged.access_explanations as told on told.source = d.source and told.event_id = d.event_id
where d.account_id = $account and d.code <> 'SELF_ACCESS' and {HAPPENED.format("d.occurred_at")}
order by d.occurred_at nulls last, d.source, d.event_id
"""

UNDETERMINED = f"""
select d.occurred_at, d.code, d.account_id, d.staff_id, d.record_class, d.source, d.event_id, told.sentence, d.provisional as is_provisional
from flagged.access_decisions as d
join flagged.access_explanations as told on told.source = d.source and told.event_id = d.event_id
where d.outcome = 'undetermined' and {HAPPENED.format("d.occurred_at")} and {OURS.format("d.")}
order by d.code, d.occurred_at nulls last, d.source, d.event_id
"""

# A review that does not count, or whose row is gone, is told whatever month its finding is of.
REVIEWS = """
select finding_id, status, reviewed_at, reviewed_by_staff_id, fault, is_missing
from reported.review_register
where fault is not null or is_missing
order by fault nulls last, reviewed_at, finding_id, status
"""

BALANCE = """
select inputs, entries, blank_or_comment, not_accesses, refused, duplicates, purged, not_yet_known, permitted, info, undetermined, violation, inputs_off, sources_off, is_balanced
from reported.access_balance
"""

GRANTS = f"""
with marked as (
    select
        grant_id, account_id, grantee_kind, grantee_id, valid_from, valid_to, recorded_at, revoked_at, state, is_unbounded, accesses, last_used_at,
        {MONTH.format("recorded_at")} as is_new,
        coalesce({MONTH.format("revoked_at")}, false) as is_revoked,
        coalesce({MONTH.format("valid_to")} and (revoked_at is null or valid_to < revoked_at), false) as is_expired,
        accesses = 0 and state in ('active', 'expired', 'revoked') as is_unused
    from reported.grant_register
    where {OURS.format("")}
)
select *
from marked
where is_new or is_revoked or is_expired or state = 'active'
order by account_id, valid_from, grant_id
"""

EMERGENCIES = f"""
select emergency_id, staff_id, account_id, opened_at, ttl_s, has_reason, decision, decided_at, accesses, codes
from reported.emergency_register
where {MONTH.format("opened_at")} and {OURS.format("")}
order by opened_at, emergency_id
"""

# A broken promise does not say what else is not known of it; this does.
MISSING = """
select reason, list_sort(list(distinct promise_id)) as promise_ids
from (
    select promise_id, month, reason from reported.evidence_gaps
    union all
    select promise_id, month, reason from reported.evidence_doubts
)
where month = $month
group by reason
order by count(distinct promise_id) desc, reason
"""

# Whatever was read by the as-of may bear on the month, so all of it is shown.
POPULATION = """
select
    folder,
    sum(inputs)::bigint as inputs,
    sum(refused_inputs)::bigint as refused_inputs,
    sum(lines)::bigint as lines,
    sum(parsed)::bigint as parsed,
    sum(quarantined)::bigint as quarantined,
    sum(blank_or_comment)::bigint as blank_or_comment,
    sum(duplicates)::bigint as duplicates,
    bool_and(is_reconciled) as is_reconciled
from reported.population
group by folder
order by folder
"""

USAGE = f"""
select
    account_id,
    sum(requests)::bigint as requests,
    sum(visitor_days)::bigint as visitor_days,
    sum(client_errors)::bigint as client_errors,
    sum(server_errors)::bigint as server_errors,
    sum(bytes_sent)::bigint as bytes_sent
from measured.account_requests_daily
where day >= $month and day < $next and {OURS.format("")}
group by account_id
order by requests desc, account_id nulls last
"""

USAGE_BY_DAY = f"""
select account_id, day, sum(requests)::bigint as requests
from measured.account_requests_daily
where day >= $month and day < $next and {OURS.format("")}
group by account_id, day
order by account_id nulls last, day
"""

CAPACITY = f"""
select
    account_id, record_class, last_day, records, bytes, largest_record_bytes, records_per_day_7d, records_per_day_30d, records_per_day_error_30d, records_per_day_90d,
    record_limit, reached_on, reached_earliest, reached_latest
from reported.capacity
where {OURS.format("")}
order by account_id nulls last, record_class
"""

RECORDS_BY_DAY = f"""
select account_id, record_class, day, records, bytes, records_grown, bytes_grown
from reported.record_growth
where day >= $month and day < $next and {OURS.format("")}
order by account_id nulls last, record_class, day
"""

INPUTS = """
select input_id, folder, site, format, parser_version, bytes, lines, parsed, quarantined, blank_or_comment, duplicates, status
from ledger.inputs
order by folder, site nulls first, input_id
"""

KEYS = """
select
    count(*) as keys,
    count(destroyed_at) as destroyed,
    coalesce(sum(cast(destroyed_at is null and destroy_after < $as_of as bigint)), 0)::bigint as overdue
from ledger.keys
where day >= $month and day < $next
"""

RELEASES = f"""
select
    table_name,
    sum(cells)::bigint as cells,
    sum(suppressed)::bigint as suppressed,
    min(fewest_visitors) as fewest_visitors,
    sum(recoverable)::bigint as recoverable
from ledger.releases
where day >= $month and day < $next and {OURS.format("")}
group by table_name
order by table_name
"""

# What was deleted bears on whatever the report shows, of any month.
PURGES = """
select
    rule,
    table_name,
    sum(rows)::bigint as rows,
    sum(case when is_refused then rows else 0 end)::bigint as refused,
    min(day) as first_day,
    max(day) as last_day,
    max(purged_at) as last_purged_at
from ledger.purges
where purged_at <= $as_of
group by rule, table_name
order by rule, table_name
"""

# Whoever may ask: a customer of whom nothing was recorded gets an answer too.
ACCOUNTS = """
select account_id from scrubbed.accounts
union select account_id from flagged.access_decisions
union select account_id from reported.emergency_register
union select account_id from scrubbed.disclosures
union select account_id from scrubbed.tags
union select account_id from scrubbed.mailings
union select account_id from scrubbed.consents
union select account_id from scrubbed.opt_outs
union select account_id from scrubbed.objections
union select account_id from measured.account_records_daily
union select account_id from measured.account_requests_daily
order by account_id nulls last
"""

# Numbers in the order in which staff first reached a record: whoever knows the names cannot tell the numbers from them.
STAFF = """
with known as (
    select staff_id, occurred_at from flagged.access_decisions
    union all select staff_id, cast(null as timestamptz) from scrubbed.staff
    union all select staff_id, cast(null as timestamptz) from reported.findings
    union all select staff_id, cast(null as timestamptz) from reported.emergency_register
    union all select grantee_id, cast(null as timestamptz) from reported.grant_register where grantee_kind = 'person'
)
select staff_id from known where staff_id is not null group by staff_id order by min(occurred_at) nulls last, staff_id
"""
