-- Types of metric, value and quality are those of core, whoever made it.
create temporary table incoming on commit drop as
select
    null::uuid as load_id,
    time,
    meter_id::bigint as meter_id,
    metric,
    value,
    quality
from {core}.measurements
with no data
