-- Only this flow run writes these rows, and whoever ran it before has been ended.
update {quality}.quality_load_log
set
    status = 'running',
    claim_key = :claim_key,
    problem = null,
    -- What the steps before had to say of the file.
    message = case when status = 'running' then message end,
    finished_at = null
where
    flow_run_id = :flow_run_id
    and status in ('running', 'failed')
    and step in ('staged', 'validated')
    and claim_key is distinct from :claim_key
