-- Daily partitions, made before a load in a transaction of their own: attaching a finished table blocks
-- nobody who reads or loads (CREATE TABLE … PARTITION OF would). They are cut at local midnight, so that a day's
-- load fills one partition from the front: cut elsewhere, a part of each day splits yesterday's full index.
-- Decided by the benchmark: docs/decisions/2026-11-24-core-layout.md.
create function {quality}.ensure_measurement_partitions(days date[], zone text)
returns integer
language plpgsql
-- With its owner's rights: who loads may make partitions this way, and no other.
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    day date;
    lower_bound timestamptz;
    upper_bound timestamptz;
    partition text;
    made integer := 0;
begin
    if
        (select relkind from pg_class where oid = '{core}.measurements'::regclass) <> 'p'
        or (select checksum from {quality}.schema_migrations where version = 0) <> 'dataops'
    then
        return 0;
    end if;
    foreach day in array days loop
        lower_bound := day::timestamp at time zone zone;
        upper_bound := (day + 1)::timestamp at time zone zone;
        -- The name says where it begins, in UTC: days of two zones do not share one.
        partition := 'measurements_' || to_char(lower_bound at time zone 'UTC', 'YYYYMMDD"t"HH24MI"z"');
        if to_regclass('{core}.' || partition) is not null then
            continue;
        end if;
        -- A table's lock, not an advisory one: only then does this session see what the one before it made.
        lock table {core}.measurements in share update exclusive mode;
        if to_regclass('{core}.' || partition) is not null then
            continue;
        end if;
        -- Where DEFAULT_TZ has changed, partitions of the zone before hold a part of this day.
        select
            greatest(lower_bound, max(bounds[2]::timestamptz) filter (where bounds[1]::timestamptz <= lower_bound)),
            least(upper_bound, min(bounds[1]::timestamptz) filter (where bounds[1]::timestamptz > lower_bound))
        into lower_bound, upper_bound
        from (
            select regexp_match(pg_get_expr(relpartbound, oid), $re$FROM \('(.+)'\) TO \('(.+)'\)$re$) as bounds
            from pg_class
            where oid in (select inhrelid from pg_inherits where inhparent = '{core}.measurements'::regclass)
        ) as partitions
        where bounds[2]::timestamptz > lower_bound and bounds[1]::timestamptz < upper_bound;
        if lower_bound >= upper_bound then
            continue;
        end if;
        partition := 'measurements_' || to_char(lower_bound at time zone 'UTC', 'YYYYMMDD"t"HH24MI"z"');
        execute format('create table {core}.%I (like {core}.measurements including all)', partition);
        execute format(
            'alter table {core}.measurements attach partition {core}.%I for values from (%L) to (%L)',
            partition, lower_bound, upper_bound
        );
        made := made + 1;
    end loop;
    return made;
end
$$;

revoke execute on function {quality}.ensure_measurement_partitions from public;

comment on function {quality}.ensure_measurement_partitions is
'Makes the partitions of local days, cut at midnight of the zone; does nothing on a hypertable or on '
'somebody else''s core.';
