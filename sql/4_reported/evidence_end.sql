-- One row: the last instant of which anything delivered tells; what has no date counts there. Stays in HOME.
select
    -- A store is measured whenever a run comes by: that says nothing of how far the logs and ledgers go.
    coalesce(
        max(span.last_at) filter (where span.folder <> 'records'),
        max(span.last_at),
        run.as_of - interval 1 microsecond
    ) as last_at, -- last instant of any evidence; just before the as-of where there is none
    run.as_of -- as-of of the run
from scrubbed.run as run
left join reported.evidence_spans as span on true
group by run.as_of
