-- One row for each verdict on an access, in the order of the decision: what it says. Stays in HOME.
select
    code, -- the verdict
    outcome, -- permitted, info, undetermined or violation
    severity, -- critical, high, medium or low; null unless a violation
    basis, -- what it rests on: grant, emergency, own_user, exemption, nothing_seen, revoked_since, undetermined or violation
    code not in ('ATTEMPT_DENIED', 'SELF_ACCESS', 'FOREIGN_USER', 'EXEMPT_METRICS_ONLY') as is_use -- staff used the records: what a policy must allow
from (
    values
    ('TIME_UNZONED', 'undetermined', null, 'undetermined'),
    ('TIME_AMBIGUOUS', 'undetermined', null, 'undetermined'),
    ('ATTEMPT_DENIED', 'info', null, 'nothing_seen'),
    ('ACTOR_UNRESOLVED', 'undetermined', null, 'undetermined'),
    ('CUSTOMER_UNRESOLVED', 'undetermined', null, 'undetermined'),
    ('SELF_ACCESS', 'permitted', null, 'own_user'),
    ('FOREIGN_USER', 'violation', 'critical', 'violation'),
    ('FORMER_STAFF', 'violation', 'critical', 'violation'),
    ('CLOCK_ANOMALY', 'undetermined', null, 'undetermined'),
    ('GRANTS_INCOMPLETE', 'undetermined', null, 'undetermined'),
    ('LOG_GAP', 'undetermined', null, 'undetermined'),
    ('EXEMPT_METRICS_ONLY', 'permitted', null, 'exemption'),
    ('CLASS_UNKNOWN', 'undetermined', null, 'undetermined'),
    ('EXEMPT_CLASS', 'permitted', null, 'exemption'),
    ('GRANTED', 'permitted', null, 'grant'),
    ('GRANTED_BOUNDARY', 'permitted', null, 'grant'),
    ('BREAK_GLASS_NO_REASON', 'violation', 'high', 'violation'),
    ('BREAK_GLASS_OVERREACH', 'violation', 'high', 'violation'),
    ('BREAK_GLASS_REJECTED', 'violation', 'critical', 'violation'),
    ('BREAK_GLASS_APPROVED', 'permitted', null, 'emergency'),
    ('BREAK_GLASS_LATE', 'violation', 'low', 'violation'),
    ('BREAK_GLASS_PENDING', 'undetermined', null, 'undetermined'),
    ('BREAK_GLASS_UNAPPROVED', 'violation', 'high', 'violation'),
    ('RETRO_REVOKED', 'info', null, 'revoked_since'),
    ('BACKDATED', 'violation', 'high', 'violation'),
    ('OPTED_OUT', 'violation', 'critical', 'violation'),
    ('NO_GRANT', 'violation', 'high', 'violation'),
    ('SELF_GRANTED', 'violation', 'critical', 'violation'),
    ('GRANTOR_NOT_CUSTOMER', 'violation', 'critical', 'violation'),
    ('GRANTOR_NOT_AUTHORISED', 'violation', 'high', 'violation'),
    ('WRONG_GRANTEE', 'violation', 'high', 'violation'),
    ('NOT_TEAM_MEMBER', 'violation', 'high', 'violation'),
    ('SCOPE_CLASS', 'violation', 'high', 'violation'),
    ('SCOPE_RECORD', 'violation', 'high', 'violation'),
    ('SCOPE_ACTION', 'violation', 'medium', 'violation'),
    ('SCOPE_CASE', 'violation', 'medium', 'violation'),
    ('REVOKED', 'violation', 'high', 'violation'),
    ('EXPIRED', 'violation', 'medium', 'violation'),
    ('NOT_YET_VALID', 'violation', 'medium', 'violation')
) as verdict (code, outcome, severity, basis)
