insert into {quality}.quality_load_log (
    load_id, source_file, source, checksum, size_bytes, business_date, status, problem, message, flow_run_id,
    claim_key, identity, replay_of, replaces_days, finished_at
)
values (
    :load_id, :source_file, :source, :checksum, :size_bytes, :business_date, :status, :problem, :message, :flow_run_id,
    :claim_key, :identity, :replay_of, :replaces_days, case when :status <> 'running' then clock_timestamp() end
)
