-- One row for each reason why a review does not count, or that its row is gone: how many there are.
select fault, is_missing, count(*) as reviews
from reported.review_register
where fault is not null or is_missing
group by fault, is_missing
order by fault nulls last, is_missing
