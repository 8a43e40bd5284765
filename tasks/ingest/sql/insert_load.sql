insert into {quality}.quality_load_log (
    load_id, source_file, checksum, size_bytes, business_date, status, message, flow_run_id, claim_key, identity,
    replay_of, finished_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, case when $6 <> 'running' then clock_timestamp() end)
