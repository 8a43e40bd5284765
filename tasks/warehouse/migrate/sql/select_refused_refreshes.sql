-- names: schema.name of each object; aggregates: which are continuous aggregates. Returns the objects that none of
-- the roles may refresh, and what the first role needs. A continuous aggregate is refreshed by its owner alone,
-- whatever is granted; membership in the engineer's role would let the pipeline alter core.
with

objects as (

    select
        c.oid,
        c.relkind,
        c.relowner,
        n.oid as schema_oid,
        format('%I.%I', n.nspname, c.relname) as name
    from unnest(:names::text[]) as wanted (name)
    inner join pg_namespace as n on split_part(wanted.name, '.', 1) = n.nspname
    inner join pg_class as c on n.oid = c.relnamespace and split_part(wanted.name, '.', 2) = c.relname
    where c.relkind = 'm' or wanted.name = any(:aggregates::text[])

),

roles as (

    select role from unnest(:roles::text[]) as given (role)

)

select
    name || ' may not be refreshed' as problem,
    format('grant usage on schema %s to %I', schema_oid::regnamespace, (:roles::text[])[1]) as query
from objects
where
    not exists (
        select
        from roles
        where has_schema_privilege(roles.role, objects.schema_oid, 'usage')
    )
union all
select
    name || case
        when relkind = 'm' and current_setting('server_version_num')::integer >= 170000 then ' may not be refreshed'
        else ' is refreshed by its owner alone, whom a superuser can change'
    end as problem,
    case
        when relkind = 'm' and current_setting('server_version_num')::integer >= 170000
            then format('grant maintain on %s to %I', name, (:roles::text[])[1])
        else format(
            'grant create on schema %s to %I; alter materialized view %s owner to %I',
            schema_oid::regnamespace, (:roles::text[])[1], name, (:roles::text[])[1]
        )
    end as query
from objects
where
    not exists (
        select
        from roles
        where
            pg_has_role(roles.role, objects.relowner, 'usage')
            or case
                when objects.relkind = 'm' and current_setting('server_version_num')::integer >= 170000
                    then has_table_privilege(roles.role, objects.oid, 'maintain')
            end
    )
