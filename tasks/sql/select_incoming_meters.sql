-- $1 as many as are worth naming, and one more to see that there are too many.
select array_agg(meter_id) from (select distinct meter_id from incoming limit $1) as meters
