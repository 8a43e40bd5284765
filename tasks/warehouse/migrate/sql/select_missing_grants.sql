-- $1 roles, $2 tables, $3 privileges, side by side: which of them are not granted; of a serial column's sequence
-- the right to use it goes with the right to insert.
with

wanted as (

    select * from unnest($1::text[], $2::text[], $3::text[]) as w (grantee, table_name, privilege)

),

tables as (

    select
        wanted.*,
        c.oid
    from wanted
    join pg_class as c on c.relnamespace = to_regnamespace('{core}') and wanted.table_name = c.relname

)

select
    'grant usage on schema {core} to ' || quote_ident(grantee) as query,
    1 as place
from wanted
where not has_schema_privilege(grantee, '{core}', 'usage')
group by grantee
union all
select
    format('grant %s on {core}.%I to %I', string_agg(lower(privilege), ', ' order by privilege), table_name, grantee),
    2
from tables
where not has_table_privilege(grantee, oid, privilege)
group by grantee, table_name
union all
select
    format('grant usage on sequence {core}.%I to %I', s.relname, tables.grantee),
    3
from tables
join pg_depend as d on tables.oid = d.refobjid and d.deptype = 'a' and d.classid = 'pg_class'::regclass
join pg_class as s on d.objid = s.oid and s.relkind = 'S'
where tables.privilege = 'INSERT' and not has_sequence_privilege(tables.grantee, s.oid, 'usage')
order by place, query
