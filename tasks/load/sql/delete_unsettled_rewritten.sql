-- What another load of the batch has just brought is decided on already.
delete from unsettled
using pending_changes as changes
where
    unsettled.is_withdrawn
    and unsettled.meter_id = changes.meter_id
    and unsettled.time = changes.time
    and unsettled.metric = changes.metric
