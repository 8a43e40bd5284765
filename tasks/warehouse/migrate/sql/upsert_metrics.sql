insert into {quality}.metrics as existing (metric, unit, kind, lowest, highest, register_of, description)
select
    wanted.metric,
    wanted.unit,
    wanted.kind,
    wanted.lowest,
    wanted.highest,
    wanted.register_of,
    wanted.description
from
    unnest(
        :names::text[],
        :unit::text[],
        :kind::text[],
        :lowest::float8[],
        :highest::float8[],
        :register_of::text[],
        :description::text[]
    ) as wanted (metric, unit, kind, lowest, highest, register_of, description)
where true
on conflict (metric) do update
    set
        unit = excluded.unit,
        kind = excluded.kind,
        lowest = excluded.lowest,
        highest = excluded.highest,
        register_of = excluded.register_of,
        description = excluded.description
