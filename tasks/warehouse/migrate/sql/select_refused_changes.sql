-- A check that names one of them and not all is a list of them. Asked of the catalog: this user may not see the schema.
select
    format('%I.%I', namespaces.nspname, tables.relname) as relation,
    quote_ident(checks.conname) as name,
    refused.changes as refused
from pg_constraint as checks
inner join pg_class as tables on checks.conrelid = tables.oid
inner join pg_namespace as namespaces on tables.relnamespace = namespaces.oid
cross join
    lateral (
        select array_agg(wanted.change) as changes
        from unnest(:changes::text[]) as wanted (change)
        where position(quote_literal(wanted.change) in pg_get_constraintdef(checks.oid)) = 0
    ) as refused
where
    checks.contype = 'c'
    and namespaces.nspname = '{core}'
    and tables.relname = 'measurement_revisions'
    and position(quote_literal('load') in pg_get_constraintdef(checks.oid)) > 0
    and refused.changes is not null
