-- One row for each view of an access, as stamped, that no grant covers by what was recorded then, and one where none does by what is now. Stays in HOME.
with
uncovered as (
    select
        view.view_id,
        view.judged_at,
        view.known_to,
        view.as_of,
        view.staff_id,
        view.account_id,
        view.record_class,
        view.record_id,
        view.action,
        view.case_id,
        covered.then_nearest_rank is null as is_open_then,
        covered.now_nearest_rank is null as is_open_now
    from flagged.access_views as view
    left join flagged.access_coverage as covered on covered.view_id = view.view_id
    where view.shift_us = 0 and (covered.then_nearest_rank is null or covered.now_nearest_rank is null)
)
select
    uncovered.view_id, -- number of the view
    knowledge.is_then, -- judged by what was recorded at the access, else by all that is
    uncovered.judged_at, -- instant at which grants are judged
    if(knowledge.is_then, uncovered.known_to, uncovered.as_of) as known_to, -- only what was recorded by then counts
    uncovered.staff_id, -- member of staff
    uncovered.account_id, -- customer
    uncovered.record_class, -- class of the record
    uncovered.record_id, -- the record; null = all
    uncovered.action, -- what was done
    uncovered.case_id -- ticket
from uncovered
join (select unnest([true, false]) as is_then) as knowledge on if(knowledge.is_then, uncovered.is_open_then, uncovered.is_open_now)
