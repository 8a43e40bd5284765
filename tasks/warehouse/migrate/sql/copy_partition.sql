-- {partition} is a name that the catalog has given; both tables have the same columns.
insert into {core}.measurements_new
select *  -- noqa: AM04
from {partition}
order by meter_id, time, metric
