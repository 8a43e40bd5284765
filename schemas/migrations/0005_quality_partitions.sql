-- Partitions of a native table (core.measurements, features.meter_hourly, features.meter_daily), made before rows
-- are written, in a transaction of their own: attaching a finished table blocks nobody who reads or loads
-- (CREATE TABLE … PARTITION OF would). A partition that is there is never cut anew: where the width has changed,
-- new ones take what is free around it.
create function {quality}.ensure_partitions(of_table text, width_days integer, since timestamptz, until timestamptz)
returns integer
language plpgsql
set search_path = pg_catalog
as $$
declare
    parent constant regclass := case of_table
        when 'measurements' then to_regclass('{core}.measurements')
        when 'meter_hourly' then to_regclass('{features}.meter_hourly')
        when 'meter_daily' then to_regclass('{features}.meter_daily')
    end;
    home constant text := (select relnamespace::regnamespace::text from pg_class where oid = parent);
    width constant interval := make_interval(days => width_days);
    -- A Monday: weekly partitions are calendar weeks.
    first_cell constant timestamptz := date_bin(width, since, '2001-01-01 00:00+00');
    wanted constant tstzrange := tstzrange(since, until, '[]');
    taken tstzmultirange;
    free record;
    made integer := 0;
begin
    if
        (select relkind from pg_class where oid = parent) is distinct from 'p'
        or (
            of_table = 'measurements'
            and (select checksum from {quality}.schema_migrations where version = 0) <> 'dataops'
        )
    then
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
        exit when taken @> wanted;
        -- Somebody else may have made them while we waited: look once more, alone.
        perform pg_advisory_xact_lock(hashtext(parent::text));
    end loop;
    for free in
        select gaps.gap
        from generate_series(first_cell, until, width) as cell
        cross join lateral unnest(tstzmultirange(tstzrange(cell, cell + width)) - taken) as gaps (gap)
        where gaps.gap && wanted
    loop
        execute format(
            'create table %s.%I (like %s including all)',
            home, of_table || '_' || to_char(lower(free.gap) at time zone 'UTC', 'YYYYMMDD'), parent
        );
        execute format(
            'alter table %s attach partition %s.%I for values from (%L) to (%L)',
            parent, home, of_table || '_' || to_char(lower(free.gap) at time zone 'UTC', 'YYYYMMDD'),
            lower(free.gap), upper(free.gap)
        );
        made := made + 1;
    end loop;
    return made;
end
$$;

comment on function {quality}.ensure_partitions is
'Makes the partitions that [since, until] lacks; does nothing on a hypertable or on somebody else''s core.';
