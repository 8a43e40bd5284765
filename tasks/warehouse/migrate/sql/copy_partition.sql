insert into {core}.measurements_new select * from {partition} order by meter_id, time, metric
