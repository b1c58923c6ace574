-- Which findings has nobody settled yet, the gravest first?
select
    severity, -- critical, high, medium or low
    control, -- control that found it
    occurred_at, -- instant of what was found
    account_id, -- customer; null where no single one
    status, -- new, acknowledged or reopened
    summary -- one sentence
from reported.findings
where status in ('new', 'acknowledged', 'reopened')
order by case severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end, occurred_at, finding_id
