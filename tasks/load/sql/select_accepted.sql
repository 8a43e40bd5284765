-- The same columns as the file that validation leaves for the merge.
select
    time,
    meter_id,
    metric,
    value,
    quality
from {stage}.parsed_readings
where load_id = :load_id and quality < 2
order by meter_id, time, metric
