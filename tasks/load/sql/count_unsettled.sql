select
    withdrawn_by,
    count(*) filter (where is_withdrawn) as removed,
    count(*) filter (where not is_withdrawn) as remaining
from unsettled
group by withdrawn_by
