-- A run that is tried again finds them again.
insert into {quality}.unchanged_files (flow_run_id, business_date, files)
values (:flow_run_id, :business_date, :files)
on conflict (flow_run_id) do update
    set files = excluded.files, found_at = clock_timestamp()
