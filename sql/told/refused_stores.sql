-- One row for each part of a record store that could not be measured: what to do.
select name.advice
from ledger.inputs as input
join ledger.input_files as name on name.input_id = input.input_id
where input.folder = 'records' and input.status = 'refused'
order by name.advice
