-- One row for each input that was refused: why, and what to do.
select name.file_name, input.reason, name.advice
from ledger.inputs as input
join ledger.input_files as name on name.input_id = input.input_id
where input.status = 'refused'
order by name.file_name
