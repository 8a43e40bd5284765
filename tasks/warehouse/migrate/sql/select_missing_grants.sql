-- roles, tables, privileges: side by side. Returns those that are not granted; with the right to insert goes the
-- right to use the sequence of a serial column.
with

wanted as (

    select
        grantee,
        table_name,
        privilege
    from unnest(:roles::text[], :tables::text[], :privileges::text[]) as w (grantee, table_name, privilege)

),

existing_tables as (

    select
        wanted.grantee,
        wanted.table_name,
        wanted.privilege,
        c.oid
    from wanted
    inner join pg_class as c on c.relnamespace = to_regnamespace('{core}') and wanted.table_name = c.relname

)

select
    'grant usage on schema {core} to ' || quote_ident(grantee) as query,
    1 as position
from wanted
where not has_schema_privilege(grantee, '{core}', 'usage')
group by grantee
union all
select
    format(
        'grant %s on {core}.%I to %I', string_agg(lower(privilege), ', ' order by privilege), table_name, grantee
    ) as query,
    2 as position
from existing_tables
where not has_table_privilege(grantee, oid, privilege)
group by grantee, table_name
union all
select
    format('grant usage on sequence {core}.%I to %I', s.relname, existing_tables.grantee) as query,
    3 as position
from existing_tables
inner join pg_depend as d on existing_tables.oid = d.refobjid and d.deptype = 'a' and d.classid = 'pg_class'::regclass
inner join pg_class as s on d.objid = s.oid and s.relkind = 'S'
where existing_tables.privilege = 'INSERT' and not has_sequence_privilege(existing_tables.grantee, s.oid, 'usage')
order by position, query
