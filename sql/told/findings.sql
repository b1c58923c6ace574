-- One row for each control and severity: how many findings there are.
select control, severity, count(*) as findings
from reported.findings
group by control, severity
order by control, severity
