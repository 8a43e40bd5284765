-- Sums and means over all meters, by hour of [since, until).
select
    date_bin(interval '1 hour', m.time, :since) as hour,
    sum(m.value) filter (where m.metric::text = 'consumption_period' and t.kind::text = 'cold_water') as cold_m3,
    sum(m.value) filter (where m.metric::text = 'consumption_period' and t.kind::text = 'hot_water') as hot_m3,
    avg(m.value) filter (where m.metric::text = 'T1' and t.kind::text = 'hot_water') as t1_degc,
    avg(m.value) filter (where m.metric::text = 'T2' and t.kind::text = 'hot_water') as t2_degc
from {core}.measurements as m
inner join {core}.meters as t on m.meter_id = t.id
where m.time >= :since and m.time < :until
group by date_bin(interval '1 hour', m.time, :since)
