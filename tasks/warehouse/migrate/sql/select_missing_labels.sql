-- The metrics that the type of core's metric lacks; none where the type is not an enum.
select
    t.oid::regtype::text as type,
    wanted.label
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'metric'
inner join pg_type as t on a.atttypid = t.oid and t.typtype = 'e'
cross join unnest(:metrics::text[]) as wanted (label)
where
    n.nspname = '{core}'
    and c.relname in ('measurements', 'measurement_revisions')
    and not exists (
        select
        from pg_enum as e
        where e.enumtypid = t.oid and e.enumlabel = wanted.label
    )
group by t.oid, wanted.label
order by wanted.label
