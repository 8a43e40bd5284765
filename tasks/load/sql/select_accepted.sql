-- $1 load. The same columns as the file that validation leaves for the load.
select
    r.time_utc at time zone 'UTC' as time,
    s.meter_id,
    s.metric,
    r.value,
    s.quality
from {stage}.parsed_series as s
cross join lateral unnest(s.times_utc, s.readings) as r (time_utc, value)
where s.load_id = $1 and s.quality < 2
order by s.meter_id, r.time_utc, s.metric
