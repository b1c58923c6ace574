-- One row for each review made by the as-of: whether it counts, and if not, why. Stays in HOME.
with entered as (
    select
        review.finding_id,
        review.status,
        review.reviewed_at,
        review.reviewed_by_staff_id,
        delivered.finding_id is null as is_missing,
        -- What was taken first stands; of two that came at once, the one that settles less.
        row_number() over (
            partition by review.finding_id, review.reviewed_at, review.reviewed_by_staff_id
            order by review.taken_at, array_position(['reopened', 'acknowledged', 'remediated', 'justified', 'false_positive'], review.status)
        ) as version
    from ledger.reviews as review
    left join scrubbed.reviews as delivered
        on delivered.finding_id = review.finding_id and delivered.status = review.status and delivered.reviewed_at = review.reviewed_at
        and delivered.reviewed_by_staff_id is not distinct from review.reviewed_by_staff_id
    cross join scrubbed.run as run
    where review.reviewed_at <= run.as_of
),
employed as (
    select distinct entered.reviewed_by_staff_id, entered.reviewed_at
    from entered
    join scrubbed.staff as staff on staff.staff_id = entered.reviewed_by_staff_id
    where (staff.valid_from is null or staff.valid_from <= entered.reviewed_at) and (staff.valid_to is null or entered.reviewed_at < staff.valid_to)
)
select
    entered.finding_id, -- the finding
    entered.status, -- acknowledged, justified, false_positive, remediated or reopened
    entered.reviewed_at, -- when
    entered.reviewed_by_staff_id, -- who; null where not staff
    case
        when employed.reviewed_at is null then 'REVIEWER_NOT_STAFF'
        when entered.version > 1 then 'REVIEW_CHANGED'
        when found.finding_id is null and seen.finding_id is null then 'FINDING_UNKNOWN'
        when entered.reviewed_by_staff_id = found.staff_id then 'REVIEWER_UNDER_REVIEW'
    end as fault, -- REVIEWER_NOT_STAFF, REVIEW_CHANGED, FINDING_UNKNOWN or REVIEWER_UNDER_REVIEW; null = it counts
    entered.is_missing -- its row is gone from reviews/; it counts all the same
from entered
left join employed on employed.reviewed_by_staff_id = entered.reviewed_by_staff_id and employed.reviewed_at = entered.reviewed_at
left join flagged.findings as found on found.finding_id = entered.finding_id
left join ledger.first_seen as seen on seen.finding_id = entered.finding_id
