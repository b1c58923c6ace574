-- One row for each grant to a team that is found by the name of a member, each of her memberships and each key of hers, as in flagged.grant_scopes. Stays in HOME.
select
    scope.grant_rank, -- the grant
    -dense_rank() over (
        order by scope.account_id, scope.named, team.staff_id, scope.scope_class, scope.scope_record, scope.scope_action, scope.scope_case
    ) as key_id, -- number of the key, below 0
    scope.account_id, -- customer
    scope.named + 16 as named, -- what of the key counts: 48 a member of a team, the others as in flagged.grant_scopes
    team.staff_id as grantee_id, -- member of staff
    scope.scope_class, -- class; empty where none is named
    scope.scope_record, -- record; empty where none is named
    scope.scope_action, -- action; empty where none is named
    scope.scope_case, -- ticket; empty where none is named
    scope.valid_from, -- first instant covered
    scope.valid_to, -- first instant no longer covered
    scope.recorded_at, -- when it was committed
    scope.revoked_at, -- first instant after its revocation
    scope.revocation_recorded_at, -- when the revocation was committed
    member.valid_from as member_from, -- first instant of the membership
    member.valid_to as member_to, -- first instant after it
    member.recorded_at as member_recorded_at, -- from when it was known so
    member.superseded_at as member_superseded_at -- from when it was known otherwise; null = never
from flagged.grant_scopes as scope
join flagged.access_teams as team on team.account_id = scope.account_id and team.team = scope.grantee_id and team.is_personal
join flagged.known_memberships as member on member.staff_id = team.staff_id and member.team = team.team
where scope.named & 32 = 32
