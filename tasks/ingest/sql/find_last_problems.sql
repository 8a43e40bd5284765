select distinct on (source_file)
    source_file,
    problem
from {quality}.quality_load_log
where business_date = :business_date and source_file = any(:source_files)
order by source_file asc, started_at desc
