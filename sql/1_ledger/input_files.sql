-- One row for each file that an input was read from: the name an operator knows it by, and what to do where it was refused. Stays in HOME.
-- Kept: ledger_years with its input. Swept: with its run. Scanned: no.
create table ledger.input_files (
    input_id varchar not null,      -- input (ledger.inputs)
    file_name varchar not null,     -- path below the landing folder
    advice varchar                  -- why it was refused and what to do next; quotes no data
);
