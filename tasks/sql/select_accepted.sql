-- $1 load. The same columns as the file that validation leaves for the load.
select
    p.load_id,
    p.ts,
    t.id::bigint,
    p.metric,
    p.value,
    p.quality
from {stage}.stage_parsed_measurements as p
join {core}.meters as t on p.meter_code = t.external_code
where p.load_id = $1 and p.quality < 2
order by t.id, p.ts, p.metric
