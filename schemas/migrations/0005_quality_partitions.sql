-- The tables that are split by time, by name: the functions below touch these and no others.
create function {quality}.own_table(of_table text)
returns regclass
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
select case
    when of_table = 'meter_hourly' then to_regclass('{features}.meter_hourly')
    when of_table = 'meter_daily' then to_regclass('{features}.meter_daily')
    when
        of_table = 'measurements'
        and (select checksum from {quality}.schema_migrations where version = 0) = 'dataops'
        then to_regclass('{core}.measurements')
end
$$;

revoke execute on function {quality}.own_table from public;

comment on function {quality}.own_table is 'NULL: it is not there, or a core that somebody else made.';

-- Partitions of a native table (core.measurements, features.meter_hourly, features.meter_daily), cut at local
-- midnight, since files bring local days. They are made before rows are written, in a transaction of their own:
-- attaching a finished table blocks nobody who reads or loads (CREATE TABLE … PARTITION OF would). A partition that
-- is there is never cut anew: where width or zone have changed, new ones take what is free around it.
create function {quality}.ensure_partitions(
    of_table text, width_days integer, zone text, days date[]
)
returns integer
language plpgsql
-- With its owner's rights: who loads may make partitions this way, and no other.
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    parent constant regclass := {quality}.own_table(of_table);
    home constant text := (select relnamespace::regnamespace::text from pg_class where oid = parent);
    -- A Monday: partitions of seven days are calendar weeks.
    origin constant date := '2001-01-01';
    wanted constant tstzmultirange := (
        select range_agg(tstzrange(day::timestamp at time zone zone, (day + 1)::timestamp at time zone zone))
        from unnest(days) as day
    );
    taken tstzmultirange;
    free tstzrange;
    partition text;
    made integer := 0;
begin
    if (select relkind from pg_class where oid = parent) is distinct from 'p' then
        return 0;
    end if;
    for attempt in 1..2 loop
        select coalesce(range_agg(tstzrange(bounds[1]::timestamptz, bounds[2]::timestamptz)), '{}')
        into taken
        from pg_inherits as i
        join pg_class as c on i.inhrelid = c.oid
        cross join lateral regexp_match(
            pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)'
        ) as bounds
        where i.inhparent = parent;
        exit when wanted is null or taken @> wanted or attempt = 2;
        -- Somebody else may have made them while we waited: look once more. A table's lock, not an advisory one: only
        -- then does this session see what the one before it made.
        execute format('lock table %s in share update exclusive mode', parent);
    end loop;
    for free in
        select gap
        from (select distinct floor((day - origin) / width_days::numeric)::integer as cell from unnest(days) as day) as cells
        cross join lateral unnest(
            tstzmultirange(tstzrange(
                (origin + cell * width_days)::timestamp at time zone zone,
                (origin + (cell + 1) * width_days)::timestamp at time zone zone
            )) - taken
        ) as gap
        where gap && wanted
    loop
        -- The name says where it begins, in UTC: days of two zones do not share one.
        partition := of_table || to_char(lower(free) at time zone 'UTC', '"_"YYYYMMDD"t"HH24MI"z"');
        -- Who fills days one after the other does not wait for the freezing of those before: it takes a minute a day.
        execute format(
            'create table %s.%I (like %s including all) with (autovacuum_vacuum_cost_delay = 10)',
            home, partition, parent
        );
        execute format(
            'alter table %s attach partition %s.%I for values from (%L) to (%L)',
            parent, home, partition, lower(free), upper(free)
        );
        execute format(
            'alter table %s.%I owner to %s',
            home, partition, (select relowner::regrole::text from pg_class where oid = parent)
        );
        made := made + 1;
    end loop;
    return made;
end
$$;

revoke execute on function {quality}.ensure_partitions from public;

comment on function {quality}.ensure_partitions is
'Makes the partitions that local days lack; does nothing on a hypertable or on somebody else''s core.';

-- A partition, or a chunk, that a load has just filled has no statistics, or those of an empty table; what is planned
-- without may run for minutes where it should take a second. Autovacuum comes a minute later, when the features have
-- long been asked for.
create function {quality}.analyze_new(of_table text)
returns integer
language plpgsql
-- With its owner's rights: only an owner may analyse a table.
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    parent regclass := {quality}.own_table(of_table);
    fresh regclass;
    analyzed integer := 0;
begin
    if of_table = 'changed_days' then
        -- All of it is new each time: who counts on yesterday's rows expects that none is taken.
        analyze {quality}.changed_days;
        return 1;
    end if;
    -- A continuous aggregate is a view; its rows lie in a hypertable of TimescaleDB's own.
    if (select relkind from pg_class where oid = parent) = 'v' then
        execute
            'select format(''%I.%I'', materialization_hypertable_schema, materialization_hypertable_name)::regclass '
            'from timescaledb_information.continuous_aggregates '
            'where format(''%I.%I'', view_schema, view_name)::regclass = $1'
        into parent using parent;
    end if;
    for fresh in
        select c.oid::regclass
        from pg_inherits as i
        join pg_class as c on i.inhrelid = c.oid
        where
            i.inhparent = parent
            -- One more day in a partition of many is enough: statistics that end before it promise a single row.
            and pg_relation_size(c.oid) / current_setting('block_size')::integer > 1.01 * c.relpages
    loop
        execute format('analyze %s', fresh);
        analyzed := analyzed + 1;
    end loop;
    return analyzed;
end
$$;

revoke execute on function {quality}.analyze_new from public;

comment on function {quality}.analyze_new is
'Gives the planner statistics of partitions or chunks that have grown since they had any; does nothing on '
'somebody else''s core.';
