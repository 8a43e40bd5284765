-- Who changed which reading of a meter in [since, until), oldest first; a metric that is null takes all metrics. Where
-- a value stays and only its load is another one, nothing has changed.
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
inner join {core}.meters as t on r.meter_id = t.id
left join {quality}.quality_load_log as old on r.old_load_id = old.load_id
left join {quality}.quality_load_log as log on r.load_id = log.load_id
left join {stage}.parsed_readings as p
    on
        r.load_id = p.load_id
        and r.meter_id = p.meter_id
        and r.metric::text = p.metric
        and r.time = p.time
        and p.quality < 2
where
    r.change is distinct from 'credit'
    and t.external_code = :meter_code
    and r.time >= :since
    and r.time < :until
    and (:metric::text is null or r.metric::text = :metric)
order by r.time, r.metric, r.replaced_at, r.old_since
