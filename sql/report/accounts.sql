-- One row for each account that may ask: a customer of whom nothing was recorded gets an answer too.
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
