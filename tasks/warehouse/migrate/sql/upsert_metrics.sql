insert into {quality}.metrics as existing (metric, unit, kind, lowest, highest, description)
select
    wanted.metric,
    wanted.unit,
    wanted.kind,
    wanted.lowest,
    wanted.highest,
    wanted.description
from
    unnest(
        :names::text[], :unit::text[], :kind::text[], :lowest::float8[], :highest::float8[], :description::text[]
    ) as wanted (metric, unit, kind, lowest, highest, description)
where true
on conflict (metric) do update
    set
        unit = excluded.unit,
        kind = excluded.kind,
        lowest = excluded.lowest,
        highest = excluded.highest,
        description = excluded.description
