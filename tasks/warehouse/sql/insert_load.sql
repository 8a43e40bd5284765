-- A load with the place of another one was asked for by a person: it is merged however much it changes.
insert into {quality}.quality_load_log (
    load_id, source_file, source, checksum, size_bytes, business_date, status, problem, message, flow_run_id,
    claim_key, identity, replay_of, content_id, effective_at, released_at, mapping_digest, rules_digest, replaces_days,
    finished_at
)
values (
    :load_id, :source_file, :source, :checksum, :size_bytes, :business_date, :status, :problem, :message, :flow_run_id,
    :claim_key, :identity, :replay_of, coalesce(:content_id::uuid, :load_id::uuid), :effective_at,
    case when :effective_at::timestamptz is not null then clock_timestamp() end, :mapping_digest, :rules_digest,
    :replaces_days, case when :status <> 'running' then clock_timestamp() end
)
