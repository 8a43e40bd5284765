-- $1 zone: first and last local day that core has a reading of.
select
    (min(time) at time zone $1)::date as first,
    (max(time) at time zone $1)::date as last
from {core}.measurements
