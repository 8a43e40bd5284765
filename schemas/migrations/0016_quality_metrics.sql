-- What is known of metrics and kinds of meters: `dataops db migrate` keeps them as the YAML files have them.
create table {quality}.metrics (
    metric text primary key,
    unit text not null,
    kind text not null check (kind in ('per interval', 'register', 'mean', 'instantaneous')),
    lowest double precision not null,
    highest double precision not null,
    description text not null
);

comment on table {quality}.metrics is 'Metrics: one row each. They are added and never taken away.';
comment on column {quality}.metrics.unit is 'Of every value of the metric.';
comment on column {quality}.metrics.lowest is 'Values below it, or above highest, are impossible: they are rejected.';

create table {quality}.meter_kinds (
    kind text primary key,
    title text not null,
    description text not null
);

comment on table {quality}.meter_kinds is 'Kinds of meters: one row each. They are added and never taken away.';

create table {quality}.expected_metrics (
    kind text not null references {quality}.meter_kinds (kind),
    metric text not null references {quality}.metrics (metric),
    primary key (kind, metric)
);

comment on table {quality}.expected_metrics is
'Metrics that a meter of a kind is expected to report once an interval; what is not there is counted as missing.';

-- A continuous aggregate takes immutable functions only; the cast of an enum is not, for its labels can be renamed.
create function {quality}.metric_name(anyelement) returns text
language sql immutable parallel safe
as 'select $1::text';

drop view {quality}.reading_lineage;

create view {quality}.reading_lineage as
select
    m.time,
    t.external_code as meter_code,
    m.metric::text as metric,
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
left join {quality}.deleted_loads as deleted on m.load_id = deleted.load_id
left join {quality}.quality_load_log as log on coalesce(deleted.taken_by, m.load_id) = log.load_id
left join {stage}.parsed_readings as p
    on
        log.load_id = p.load_id
        and m.meter_id = p.meter_id
        and m.metric::text = p.metric
        and m.time = p.time
        and p.quality < 2
left join {stage}.stage_raw_measurements as raw
    on
        log.load_id = raw.load_id
        and p.table_num = raw.table_num
        and p.row_num = raw.row_num;

comment on view {quality}.reading_lineage is
'Each reading of core with file, sheet, row and cell that it came from, and the whole source row. '
'Ask it with meter_code, time and metric.';

drop table if exists {features}_staging.expected_metrics cascade;
