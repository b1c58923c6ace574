-- One row for each view of an access, as stamped, that no grant covers, and its place among the instants of its account. Stays in HOME.
select
    view.view_id, -- number of the view
    view.view = 'then' as is_then, -- judged by what was recorded at the access, else by all that is
    view.judged_at, -- instant at which grants are judged
    dense_rank() over (partition by view.account_id order by view.judged_at) - 1 as place, -- how many instants of the account's views stand before it
    view.known_to, -- only what was recorded by then counts
    view.staff_id, -- member of staff
    view.account_id, -- customer
    view.record_class, -- class of the record
    view.record_id, -- the record; null = all
    view.action, -- what was done
    view.case_id -- ticket
from flagged.access_views as view
where view.shift_us = 0 and not exists (select 1 from flagged.access_coverage as covered where covered.view_id = view.view_id)
