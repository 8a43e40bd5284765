-- The type of metric is that of core, whoever made it; the others are those of the binary file.
create temporary table incoming on commit drop as
select
    null::uuid as load_id,
    time,
    meter_id::bigint as meter_id,
    metric,
    value::double precision as value,
    quality::smallint as quality
from {core}.measurements
with no data
