select
    log.load_id,
    log.source_file,
    log.raw_rows,
    layouts.layout
from {quality}.quality_load_log as log
inner join {quality}.load_layouts as layouts on log.load_id = layouts.load_id
where log.claim_key = :claim_key and log.status = 'running' and log.step = 'staged'
order by log.started_at, log.source_file
