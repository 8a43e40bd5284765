-- A check that names some of them and not all is one on their list.
select
    conrelid::regclass::text as relation,
    quote_ident(conname) as name,
    array(
        select changes.change
        from unnest(:changes::text[]) as changes (change)
        where position(quote_literal(changes.change) in pg_get_constraintdef(oid)) = 0
    ) as refused
from pg_constraint
where
    contype = 'c'
    and conrelid = to_regclass('{core}.measurement_revisions')
    and position(quote_literal('load') in pg_get_constraintdef(oid)) > 0
    and not exists (
        select
        from unnest(:changes::text[]) as changes (change)
        having bool_and(position(quote_literal(changes.change) in pg_get_constraintdef(oid)) > 0)
    )
