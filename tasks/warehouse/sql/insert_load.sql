insert into {quality}.quality_load_log (
    load_id, source_file, source, checksum, size_bytes, business_date, status, problem, message, flow_run_id,
    claim_key, identity, replay_of, finished_at
)
values (
    :load_id, :source_file, :source, :checksum, :size_bytes, :business_date, :status, :problem, :message, :flow_run_id,
    :claim_key, :identity, :replay_of, case when :status <> 'running' then clock_timestamp() end
)
