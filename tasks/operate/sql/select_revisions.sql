-- $1 meter, $2, $3 the period [since, until), $4 metric (null: any). Who changed which reading, oldest first.
select
    r.time,
    r.metric::text as metric,
    r.old_value,
    r.new_value,
    r.old_quality,
    r.new_quality,
    r.replaced_at,
    r.change,
    r.old_load_id,
    old.source_file as old_file,
    r.load_id,
    log.source_file,
    p.sheet,
    p.row_num,
    p.column_ref || p.row_num as cell
from {core}.measurement_revisions as r
join {core}.meters as t on r.meter_id = t.id
left join {quality}.quality_load_log as old on r.old_load_id = old.load_id
left join {quality}.quality_load_log as log on r.load_id = log.load_id
left join lateral (
    select
        series.sheet,
        series.column_ref,
        origin.row_num
    from {stage}.parsed_series as series
    cross join lateral unnest(series.row_nums, series.times_utc) as origin (row_num, time_utc)
    where
        series.load_id = r.load_id
        and series.meter_id = r.meter_id
        and series.metric = r.metric::text
        and series.quality < 2
        and origin.time_utc = r.time at time zone 'UTC'
) as p on true
where
    t.external_code = $1
    and r.time >= $2
    and r.time < $3
    and ($4::text is null or r.metric::text = $4)
order by r.time, r.metric, r.replaced_at
