select true from incoming
group by meter_id, time, metric
having count(*) > 1
limit 1
