-- What becomes of the unsettled readings.
create temporary table decisions on commit drop as
select
    unsettled.time,
    unsettled.meter_id,
    unsettled.metric,
    unsettled.value,
    unsettled.quality,
    unsettled.load_id,
    unsettled.since,
    unsettled.withdrawn_by,
    unsettled.value as new_value,
    unsettled.quality as new_quality,
    unsettled.load_id as new_load_id,
    true as is_in_core,
    true as is_replaced,
    true as is_changed
from unsettled
with no data
