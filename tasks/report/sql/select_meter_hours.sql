-- $1 meters, $2, $3 the period [since, until). Hours of a meter with how many metrics each.
select
    meter_id,
    date_bin(interval '1 hour', time, $2) as hour,
    count(distinct metric)::integer as metrics
from {core}.measurements
where meter_id = any($1) and time >= $2 and time < $3
group by meter_id, date_bin(interval '1 hour', time, $2)
