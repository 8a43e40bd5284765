-- {partition} is a name that the catalog has given.
insert into {core}.measurements_new
select *
from {partition}
order by meter_id, time, metric
