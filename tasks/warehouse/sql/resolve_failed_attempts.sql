update {quality}.quality_row_errors as errors
set resolved_by = own.load_id
from {quality}.quality_load_log as own
inner join {quality}.quality_load_log as earlier
    on
        own.business_date = earlier.business_date
        and own.source_file = earlier.source_file
        and own.load_id <> earlier.load_id
where
    own.load_id = any(:load_ids::uuid[])
    and earlier.status = 'failed'
    and errors.load_id = earlier.load_id
    and errors.resolved_by is null
