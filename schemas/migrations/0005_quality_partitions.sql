-- Weekly partitions, made before a load in a transaction of their own: attaching a finished table blocks
-- nobody who reads or loads (CREATE TABLE … PARTITION OF would).
create function {quality}.ensure_measurement_partitions(since timestamptz, until timestamptz)
returns integer
language plpgsql
-- With its owner's rights: who loads may make partitions this way, and no other.
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    week date := date_trunc('week', since at time zone 'UTC')::date;
    partition text;
    made integer := 0;
begin
    if
        (select relkind from pg_class where oid = '{core}.measurements'::regclass) <> 'p'
        or (select checksum from {quality}.schema_migrations where version = 0) <> 'dataops'
    then
        return 0;
    end if;
    while week <= (until at time zone 'UTC')::date loop
        partition := 'measurements_' || to_char(week, 'YYYYMMDD');
        if to_regclass('{core}.' || partition) is null then
            -- A table's lock, not an advisory one: only then does this session see what the one before it made.
            lock table {core}.measurements in share update exclusive mode;
            if to_regclass('{core}.' || partition) is null then
                execute format(
                    'create table {core}.%I (like {core}.measurements including all)', partition
                );
                execute format(
                    'alter table {core}.measurements attach partition {core}.%I for values from (%L) to (%L)',
                    partition, week::timestamp at time zone 'UTC', (week + 7)::timestamp at time zone 'UTC'
                );
                made := made + 1;
            end if;
        end if;
        week := week + 7;
    end loop;
    return made;
end
$$;

revoke execute on function {quality}.ensure_measurement_partitions from public;

comment on function {quality}.ensure_measurement_partitions is
'Makes the weekly partitions of [since, until]; does nothing on a hypertable or on somebody else''s core.';
