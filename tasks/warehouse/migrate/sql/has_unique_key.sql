-- columns: the key's, in alphabetical order. A unique index has them in any order.
select exists(
    select
    from pg_index as i
    inner join pg_class as c on i.indrelid = c.oid
    where
        c.relnamespace = to_regnamespace('{core}')
        and c.relname = :table_name
        and i.indisunique
        and i.indpred is null
        and (
            select array_agg(a.attname::text order by a.attname)
            from pg_attribute as a
            where a.attrelid = i.indrelid and a.attnum = any(i.indkey)
        ) = :columns::text[]
)
