select add_compression_policy('{core}.measurements'::regclass, :after::text::interval)
