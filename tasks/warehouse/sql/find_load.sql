select
    load_id,
    content_id,
    source_file,
    source,
    replaces_days,
    identity,
    checksum,
    size_bytes,
    mapping_digest,
    business_date,
    status,
    requeue_of,
    effective_at,
    raw_rows,
    rolled_back_at,
    first_time,
    last_time
from {quality}.quality_load_log
where load_id = :load_id
