select
    load_id,
    count(*) filter (where is_new) as inserted,
    count(*) filter (where not is_new) as updated
from pending_changes
group by load_id
