create temporary table pending_changes on commit drop as
select
    incoming.*, -- noqa: AM04
    incoming.load_id as old_load_id,
    incoming.value as old_value,
    incoming.quality as old_quality,
    incoming.time as old_since,
    true as is_new
from incoming
with no data
