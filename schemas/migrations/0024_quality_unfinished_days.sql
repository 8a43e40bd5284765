-- A day that has features before it is over has none of its later hours: they are made once it is.
alter table {quality}.changed_days add column not_before timestamptz;

comment on column {quality}.changed_days.not_before is
'The end of a day that had features before it was over; NULL: to be built with the next transform.';

-- Readings make hours and days themselves, no longer through the roll-ups.
drop view if exists {features}_staging.stg_features__meter_daily, {features}_staging.stg_features__meter_hourly;
