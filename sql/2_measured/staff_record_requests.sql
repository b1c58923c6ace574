-- One row for each request by a member of staff to a route of customer records: kept so that dark_access can still be decided when the request rows are gone. Stays in HOME.
-- Kept: ledger_years after its day. Swept: no. Scanned: yes.
select
    day, -- UTC day of the request
    occurred_at, -- instant of the request
    input_id, -- input the line stands in
    line_number, -- line within that input, from 1
    site, -- site the log belongs to
    staff_id, -- member of staff who made it
    account_id -- account of the request; null where unknown
from scrubbed.staff_requests
where day = $day and is_customer_record
