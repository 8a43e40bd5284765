create view {quality}.open_row_errors as
select
    errors.*,
    log.business_date,
    log.source
from {quality}.quality_row_errors as errors
join {quality}.quality_load_log as log on errors.load_id = log.load_id
where errors.resolved_by is null and log.rolled_back_at is null;

comment on view {quality}.open_row_errors is 'Row errors that nobody has mended yet.';

create view {quality}.waiting_rows as
select distinct
    errors.load_id,
    errors.table_num,
    errors.row_num
from {quality}.open_row_errors as errors
join {quality}.quality_load_log as log on errors.load_id = log.load_id and log.status in ('success', 'partial')
join {stage}.stage_parsed_measurements as p
    on
        errors.load_id = p.load_id
        and errors.table_num = p.table_num
        and errors.row_num = p.row_num
        and p.quality = 2
join {core}.meters as t on p.meter_code = t.external_code
join {core}.itp as i on t.itp_id = i.id and coalesce(p.itp_code, i.external_code) = i.external_code
join {core}.buildings as b
    on i.building_id = b.id and coalesce(p.building_code, b.external_code) = b.external_code
where errors.reason = 'unmapped_code';

comment on view {quality}.waiting_rows is
'Rows rejected for an unknown code that is known by now, and stands under the building and ITP that the row names.';

create view {quality}.reading_lineage as
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
join {core}.meters as t on m.meter_id = t.id
left join {quality}.quality_load_log as log on m.load_id = log.load_id
left join lateral (
    select
        series.table_num,
        series.sheet,
        series.column_ref,
        r.row_num
    from {stage}.parsed_series as series
    cross join lateral unnest(series.row_nums, series.times_utc) as r (row_num, time_utc)
    where
        series.load_id = m.load_id
        and series.meter_id = m.meter_id
        and series.metric = m.metric::text
        and series.quality < 2
        and r.time_utc = m.time at time zone 'UTC'
) as p on true
left join {stage}.stage_raw_measurements as raw
    on
        m.load_id = raw.load_id
        and p.table_num = raw.table_num
        and p.row_num = raw.row_num;

comment on view {quality}.reading_lineage is
'Each reading of core with file, sheet, row and cell that it came from, and the whole source row. '
'Ask it with meter_code, time and metric.';
