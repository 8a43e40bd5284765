select log.load_id
from {quality}.quality_load_log as log
where
    log.load_id = any(:load_ids::uuid[])
    and (
        log.status <> 'running'
        or not exists (
            select
            from {quality}.claim_holders as holders
            where holders.claim_key = log.claim_key
        )
    )
