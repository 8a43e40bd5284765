-- First and last local day that core has a reading of.
select
    (min(time) at time zone :zone)::date as first_day,
    (max(time) at time zone :zone)::date as last_day
from {core}.measurements
