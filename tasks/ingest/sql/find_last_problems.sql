-- What lies outside any day's folder may be known from the run of another day.
select distinct on (source_file)
    source_file,
    problem
from {quality}.quality_load_log
where
    source_file = any(:source_files)
    and (business_date = :business_date or source_file not like '%/%')
order by source_file asc, started_at desc
