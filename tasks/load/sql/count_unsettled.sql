select
    withdrawn_by,
    count(*) filter (where is_withdrawn and not is_elsewhere) as removed,
    count(*) filter (where not is_withdrawn and not is_elsewhere) as remaining
from unsettled
group by withdrawn_by
