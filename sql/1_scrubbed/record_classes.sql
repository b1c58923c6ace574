-- One row for each record class that settings declare; any other class counts as business.
create table scrubbed.record_classes (
    record_class varchar not null,  -- the class
    kind varchar not null           -- company, personal or business
);
