-- Hours of [since, until) in which meters have readings, with the number of metrics in each.
select
    meter_id,
    date_bin(interval '1 hour', time, :since) as hour,
    count(distinct metric)::integer as metrics
from {core}.measurements
where meter_id = any(:meter_ids) and time >= :since and time < :until
group by meter_id, date_bin(interval '1 hour', time, :since)
