insert into {quality}.transform_state (fingerprint, project)
values (:fingerprint, :project)
on conflict (only_row) do update
    set fingerprint = excluded.fingerprint, project = excluded.project, built_at = clock_timestamp()
