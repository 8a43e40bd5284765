create temporary table pending_changes on commit drop as
select
    incoming.*,
    load_id as old_load_id,
    value as old_value,
    quality as old_quality,
    true as is_new
from incoming
with no data
