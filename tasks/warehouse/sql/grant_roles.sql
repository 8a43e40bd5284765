-- Who owns what and who may do what, from scratch; run again after each migration that created something.
-- An externally managed core is left alone.
do $$
declare
    owns_core constant boolean := (
        select checksum = 'dataops' from {quality}.schema_migrations where version = 0
    );
    item record;
begin
    -- A migration made it as the owner.
    if (select pg_get_userbyid(nspowner) <> '{dbt}' from pg_namespace where nspname = '{features}_staging') then
        alter schema {features}_staging owner to {dbt};
    end if;
    for item in
        select
            c.oid::regclass::text as name,
            case when n.nspname in ('{features}', '{features}_staging') then '{dbt}' else '{owner}' end as owner
        from pg_class as c
        join pg_namespace as n on c.relnamespace = n.oid
        where
            (n.nspname in ('{stage}', '{quality}', '{features}', '{features}_staging') or (owns_core and n.nspname = '{core}'))
            and c.relkind in ('r', 'p', 'v', 'm', 'S')
            -- Of a continuous aggregate ALTER TABLE would leave behind what holds the data.
            and not (
                n.nspname = '{features}'
                and c.relname in ('meter_hourly', 'meter_daily')
                and (select d.relkind = 'v' from pg_class as d where d.oid = to_regclass('{features}.meter_daily'))
            )
            -- A sequence of a column goes with its table.
            and not exists (
                select from pg_depend as d
                where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') and c.relkind = 'S'
            )
            and pg_get_userbyid(c.relowner)
            <> case when n.nspname in ('{features}', '{features}_staging') then '{dbt}' else '{owner}' end
    loop
        execute format('alter table %s owner to %I', item.name, item.owner);
    end loop;
    for item in
        select p.oid::regprocedure::text as name
        from pg_proc as p
        where
            (p.pronamespace = '{quality}'::regnamespace or (owns_core and p.pronamespace = to_regnamespace('{core}')))
            and pg_get_userbyid(p.proowner) <> '{owner}'
    loop
        execute format('alter function %s owner to {owner}', item.name);
    end loop;
    for item in
        select t.oid::regtype::text as name
        from pg_type as t
        where
            owns_core
            and t.typnamespace = to_regnamespace('{core}')
            and t.typtype = 'e'
            and pg_get_userbyid(t.typowner) <> '{owner}'
    loop
        execute format('alter type %s owner to {owner}', item.name);
    end loop;
    if owns_core then
        grant usage on schema {core} to {loader}, {dbt}, {reader};
        grant select on all tables in schema {core} to {loader}, {dbt}, {reader};
        grant insert, update on {core}.buildings, {core}.itp, {core}.meters to {loader};
        grant insert, update, delete on {core}.measurements to {loader};
        grant insert on {core}.measurement_revisions to {loader};
    end if;

    grant usage on schema {stage} to {loader};
    grant select, insert, delete on all tables in schema {stage} to {loader};

    grant usage on schema {quality} to {loader}, {dbt}, {reader};
    grant select, insert, update, delete on all tables in schema {quality} to {loader};
    revoke insert, update, delete on {quality}.schema_migrations from {loader};
    revoke execute on all functions in schema {quality} from public;
    grant execute on all functions in schema {quality} to {loader};
    grant execute on function {quality}.metric_name(anyelement), {quality}.local_midnight(date, text) to {dbt};
    grant select on
    {quality}.changed_days, {quality}.meter_placements, {quality}.building_districts,
    {quality}.metrics, {quality}.meter_kinds, {quality}.expected_metrics
    to {dbt};
    grant select on all tables in schema {quality} to {reader};
    grant execute on function {quality}.require_history(timestamptz) to {reader};
    if not owns_core then
        grant execute on function {quality}.readings_as_of(timestamptz) to {reader};
    end if;

    grant usage, create on schema {features} to {owner};
    grant usage on schema {features} to {loader}, {reader};
    grant select on all tables in schema {features} to {loader}, {reader};
    alter default privileges for role {dbt} in schema {features} grant select on tables to {loader}, {reader};
end
$$
