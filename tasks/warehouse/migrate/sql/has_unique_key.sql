-- $1 table of core, $2 its key's columns in the order of the alphabet: a unique index on them in any order.
select exists (
    select
    from pg_index as i
    join pg_class as c on i.indrelid = c.oid
    where
        c.relnamespace = to_regnamespace('{core}')
        and c.relname = $1
        and i.indisunique
        and i.indpred is null
        and (
            select array_agg(a.attname::text order by a.attname)
            from pg_attribute as a
            where a.attrelid = i.indrelid and a.attnum = any(i.indkey)
        ) = $2::text[]
)
