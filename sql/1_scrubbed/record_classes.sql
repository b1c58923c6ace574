-- One row for each record class that settings declare; any other class counts as business.
-- Kept: while settings say it. Swept: no. Scanned: no.
create table scrubbed.record_classes (
    record_class varchar not null,  -- the class
    kind varchar not null           -- company, personal or business
);
