alter table {quality}.quality_load_log add column problem text;

comment on column {quality}.quality_load_log.problem is
'Code of what is wrong with the file, or of why it was skipped (schemas/problems.py); message says it in words.';

alter table {quality}.quality_load_log drop constraint quality_load_log_step_check;

update {quality}.quality_load_log
set step = 'validated'
where step = 'parsed';

alter table {quality}.quality_load_log
add constraint quality_load_log_step_check check (step in ('claimed', 'staged', 'validated', 'loaded'));

create view {quality}.effective_loads as
select * -- noqa: AM04
from {quality}.quality_load_log
where status in ('success', 'partial') and rolled_back_at is null;

comment on view {quality}.effective_loads is
'The loads that count: they ended in core and were not rolled back. The one place that says so.';

-- The one place, beside the writer in Python, that knows how a series packs its readings.
create view {stage}.parsed_readings as
select
    s.load_id,
    s.table_num,
    s.source_file,
    s.sheet,
    s.column_ref,
    r.row_num,
    r.time_utc at time zone 'UTC' as time,
    s.building_code,
    s.itp_code,
    s.meter_code,
    s.meter_id,
    s.metric,
    r.value,
    s.unit,
    s.quality,
    s.reason,
    s.inserted_at
from {stage}.parsed_series as s
cross join lateral unnest(s.row_nums, s.times_utc, s.readings) as r (row_num, time_utc, value);

comment on view {stage}.parsed_readings is
'Each reading of a file with its outcome and its meter; stage_parsed_measurements is the same for people.';

create or replace view {stage}.stage_parsed_measurements as
select
    load_id,
    source_file,
    row_num,
    time as ts,
    building_code,
    itp_code,
    meter_code,
    metric,
    value,
    unit,
    quality,
    reason,
    inserted_at,
    sheet,
    column_ref,
    table_num
from {stage}.parsed_readings;

-- A series is in the order of time: a short one needs no look at each of its readings.
create function {quality}.accepted_days(load_ids uuid[], zone text)
returns table (load_id uuid, meter_id bigint, local_date date)
language sql
stable
as $$
with

spans as (

    select distinct
        series.load_id,
        series.meter_id,
        (times_utc[1] at time zone 'UTC' at time zone zone)::date as first_date,
        (times_utc[cardinality(times_utc)] at time zone 'UTC' at time zone zone)::date as last_date,
        case when times_utc[cardinality(times_utc)] - times_utc[1] > interval '7 days' then times_utc end as times_utc
    from {stage}.parsed_series as series
    where series.load_id = any(load_ids) and series.quality < 2

)

select
    spans.load_id,
    spans.meter_id,
    days.day::date
from spans
cross join lateral generate_series(spans.first_date, spans.last_date, interval '1 day') as days (day)
where spans.times_utc is null
union
select
    spans.load_id,
    spans.meter_id,
    (times.time_utc at time zone 'UTC' at time zone zone)::date
from spans
cross join lateral unnest(spans.times_utc) as times (time_utc)
$$;

revoke execute on function {quality}.accepted_days from public;

comment on function {quality}.accepted_days is 'Local days on which loads have accepted readings, meter by meter.';

create or replace view {quality}.open_row_errors as
select
    errors.*, -- noqa: AM04
    log.business_date,
    log.source
from {quality}.quality_row_errors as errors
inner join {quality}.quality_load_log as log on errors.load_id = log.load_id
where errors.resolved_by is null and log.rolled_back_at is null;

comment on view {quality}.open_row_errors is 'Row errors that nothing has resolved yet.';

create or replace view {quality}.reading_lineage as
select
    m.time,
    t.external_code as meter_code,
    m.metric,
    m.value,
    m.quality,
    m.load_id,
    log.finished_at as loaded_at,
    log.source_file,
    log.source,
    log.checksum,
    p.sheet,
    p.row_num,
    p.column_ref,
    p.column_ref || p.row_num as cell,
    raw.payload
from {core}.measurements as m
inner join {core}.meters as t on m.meter_id = t.id
left join {quality}.quality_load_log as log on m.load_id = log.load_id
left join {stage}.parsed_readings as p
    on
        m.load_id = p.load_id
        and m.meter_id = p.meter_id
        and m.metric::text = p.metric
        and m.time = p.time
        and p.quality < 2
left join {stage}.stage_raw_measurements as raw
    on
        m.load_id = raw.load_id
        and p.table_num = raw.table_num
        and p.row_num = raw.row_num;
