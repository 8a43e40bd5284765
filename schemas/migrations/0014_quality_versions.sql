-- A file that comes again under the same path is a newer version of it.
alter table {quality}.quality_load_log add column replaces_days boolean not null default false;
alter table {quality}.quality_load_log add column rows_no_longer_in_file bigint not null default 0;
alter table {quality}.quality_load_log add column rows_removed bigint not null default 0;

comment on column {quality}.quality_load_log.replaces_days is
'Its mapping says so: what earlier versions had on its meters, metrics and days and it has not is taken out of core.';
comment on column {quality}.quality_load_log.rows_no_longer_in_file is
'Readings of earlier versions of the file that it no longer holds, and that stay in core.';
comment on column {quality}.quality_load_log.rows_removed is 'Such readings that it has taken out of core.';

create or replace view {quality}.effective_loads as
select * -- noqa: AM04
from {quality}.quality_load_log
where status in ('success', 'partial') and rolled_back_at is null;

-- A version and the loads of its rows that waited in stage have one place in the order of loads, effective_at.
create function {quality}.replaced_days(load_ids uuid[], meter_ids bigint[], zone text)
returns table (load_id uuid, effective_at timestamptz, meter_id bigint, metric text, local_date date)
language sql
stable
as $$
select distinct
    earlier.load_id,
    later.effective_at,
    series.meter_id,
    series.metric,
    (times.time_utc at time zone 'UTC' at time zone zone)::date
from {quality}.quality_load_log as earlier
inner join {quality}.effective_loads as later
    on
        earlier.business_date = later.business_date
        and earlier.source_file = later.source_file
        and earlier.effective_at < later.effective_at
        and later.replaces_days
inner join {stage}.parsed_series as series
    on later.load_id = series.load_id and series.quality < 2 and series.meter_id = any(meter_ids)
cross join lateral unnest(series.times_utc) as times (time_utc)
where earlier.load_id = any(load_ids)
$$;

revoke execute on function {quality}.replaced_days from public;

comment on function {quality}.replaced_days is
'Meters, metrics and local days of loads for which a newer version of the file (effective_at) stands in their place.';
