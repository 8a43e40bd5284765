select
    local_date as day,
    count(*) as buildings_with_gaps,
    sum(readings_expected - readings_present)::bigint as readings_missing
from {features}.ml_daily_by_building
where readings_present < readings_expected
group by 1
order by 1 desc
limit 31
