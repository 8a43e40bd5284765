-- Nothing where somebody has dropped the features.
select
    fingerprint,
    project
from {quality}.transform_state
where to_regclass('{features}.ml_hourly_by_building') is not null
