-- A unique index on the three columns, in any order.
select exists (
    select
    from pg_index as i
    where
        i.indrelid = '{core}.measurements'::regclass
        and i.indisunique
        and i.indpred is null
        and (
            select array_agg(a.attname::text order by a.attname)
            from pg_attribute as a
            where a.attrelid = i.indrelid and a.attnum = any(i.indkey)
        ) = array['meter_id', 'metric', 'time']
)
