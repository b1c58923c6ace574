-- Which promises were kept in which month?
select
    promise_id, -- the promise
    count(case when status = 'kept' then 1 end) as kept, -- periods in which it was kept
    count(case when status = 'broken' then 1 end) as broken, -- periods in which it was broken
    count(case when status = 'unproven' then 1 end) as unproven, -- periods that evidence does not settle
    count(case when status = 'not_applicable' then 1 end) as not_applicable -- periods in which settings switch it off
from reported.promises
group by promise_id
order by promise_id
