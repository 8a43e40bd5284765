-- name: schema.name. Concurrently: only with a unique index over plain columns, and not the first time.
select
    c.relkind::text as kind,
    c.relispopulated and exists (
        select
        from pg_index as i
        where i.indrelid = c.oid and i.indisunique and i.indpred is null and i.indexprs is null
    ) as can_be_concurrent
from pg_class as c
where c.oid = to_regclass(:name) and c.relkind in ('m', 'v', 'p')
