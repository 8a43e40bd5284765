-- $1 local day, $2 zone.
select
    to_char(ts at time zone $2, 'HH24') as hour,
    sum(cold_consumption_m3) as cold_m3,
    sum(hot_consumption_m3) as hot_m3,
    avg(t1_degc) as t1_degc,
    avg(t2_degc) as t2_degc
from {features}.ml_hourly_by_building
where local_date = $1
group by ts
order by ts
