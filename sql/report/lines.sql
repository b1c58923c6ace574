-- One row for each thing that a customer may know was done with her records in the month, and in whose role; in the order of their numbers.
-- A role is what the ledgers of staff hold: the teams somebody was in at that instant, or that it is a service account.
with access as (
    select
        'access' as kind,
        d.account_id,
        d.occurred_at as happened_at,
        d.staff_id,
        d.record_class,
        coalesce(array_length(d.record_ids), case when d.record_id is null then e.row_count else 1 end) as records,
        e.byte_count as bytes,
        d.action,
        d.purpose,
        d.grant_id,
        d.code as verdict,
        d.outcome,
        d.source,
        d.event_id as id
    from flagged.access_decisions as d
    cross join reported.evidence_end as last
    left join scrubbed.access_events as e on e.source = d.source and e.event_id = d.event_id
    where least(coalesce(d.occurred_at, last.last_at), last.as_of - interval 1 microsecond) between $begin and $end
),
-- Whatever else has a date of its own.
dated as (
    select
        'emergency' as kind,
        account_id,
        opened_at as happened_at,
        staff_id,
        accesses as records,
        coalesce(decision, 'none') as verdict,
        emergency_id as id
    from reported.emergency_register
    union all by name
    select
        'disclosure' as kind,
        account_id,
        occurred_at as happened_at,
        data_class as record_class,
        kind as action,
        purpose,
        recipient,
        disclosure_id as id
    from scrubbed.disclosures
    union all by name
    select 'measured' as kind, account_id, cast(day as timestamptz) as happened_at, record_class, records, bytes
    from measured.account_records_daily
    union all by name
    select
        'tag' as kind,
        account_id,
        occurred_at as happened_at,
        -- what kinds of personal data its URL carried
        nullif(array_to_string(list_sort(list_distinct(personal_kinds || case when card_numbers > 0 then ['card'] else [] end)), ', '), '') as record_class,
        recipient,
        site as source,
        event_id as id
    from scrubbed.tags
    union all by name
    select 'mailing' as kind, account_id, sent_at as happened_at, purpose, mailing_id as id
    from scrubbed.mailings
    union all by name
    select
        'consent' as kind,
        account_id,
        recorded_at as happened_at,
        case when array_length(data_classes) = 0 then 'none' else array_to_string(data_classes, ', ') end as record_class,
        purpose,
        recipient,
        consent_id as id
    from scrubbed.consents
    union all by name
    select
        'opt_out' as kind,
        account_id,
        recorded_at as happened_at,
        record_class,
        coalesce(purpose, 'staff access') as purpose,
        site as source
    from scrubbed.opt_outs
    union all by name
    select 'objection' as kind, account_id, recorded_at as happened_at, policy_id as id
    from scrubbed.objections
),
happened as (
    select * from access
    union all by name
    select * from dated where happened_at between $begin and $end and happened_at <= $as_of
),
held as (
    select staff_id, team as role, valid_from, valid_to from flagged.known_memberships where superseded_at is null
    union all
    select staff_id, 'service account' as role, coalesce(valid_from, timestamptz '-infinity') as valid_from, valid_to from scrubbed.staff where kind = 'service'
),
turns as (
    select staff_id, valid_from as begins from held
    union
    select staff_id, valid_to as begins from held where valid_to is not null
),
spans as (
    select staff_id, begins, lead(begins) over (partition by staff_id order by begins) as ends from turns
),
roles as (
    select span.staff_id, span.begins, span.ends, string_agg(distinct held.role, ', ' order by held.role) as role
    from spans as span
    join held on held.staff_id = span.staff_id and held.valid_from <= span.begins and (held.valid_to is null or held.valid_to > span.begins)
    group by span.staff_id, span.begins, span.ends
)
select happened.*, roles.role
from happened
left join roles on roles.staff_id = happened.staff_id and roles.begins <= happened.happened_at and (roles.ends is null or roles.ends > happened.happened_at)
where $account is null or happened.account_id = $account
order by
    happened.account_id nulls last,
    happened.happened_at nulls last,
    happened.kind,
    happened.source nulls last,
    happened.id nulls last,
    happened.record_class nulls last,
    happened.purpose nulls last,
    happened.recipient nulls last
