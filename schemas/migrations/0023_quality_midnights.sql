-- As before, but a day begins at the first of two midnights: its first hour had no partition where one was cut at the
-- second, and the load of the day failed.
create or replace function {quality}.ensure_partitions(
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
        select range_agg(tstzrange({quality}.local_midnight(day, zone), {quality}.local_midnight(day + 1, zone)))
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
        -- Someone else may have made them while we waited: look once more. A table's lock, not an advisory one: only
        -- then does this session see what the one before it made.
        execute format('lock table %s in share update exclusive mode', parent);
    end loop;
    for free in
        select gap
        from (select distinct floor((day - origin) / width_days::numeric)::integer as cell from unnest(days) as day) as cells
        cross join lateral unnest(
            tstzmultirange(tstzrange(
                {quality}.local_midnight(origin + cell * width_days, zone),
                {quality}.local_midnight(origin + (cell + 1) * width_days, zone)
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
