insert into {quality}.transform_state (fingerprint) values (:fingerprint)
on conflict (only_row) do update set fingerprint = excluded.fingerprint, built_at = clock_timestamp()
