-- One row for each request line that holds a card number: where it stands, so that the finding outlives the request rows (CE-2); never the number. Stays in HOME.
-- Kept: ledger_years after its day. Swept: no. Scanned: yes.
select
    day, -- UTC day of the request
    occurred_at, -- instant of the request
    input_id, -- input the line stands in
    line_number, -- line within that input, from 1
    folder, -- web_logs or request_logs
    site, -- site the log belongs to
    account_id, -- account of the request; null where unknown
    cast(card_numbers as bigint) as card_numbers -- strings in the line that are card numbers by prefix, length and Luhn check
from scrubbed.requests
where day = $day and card_numbers > 0
