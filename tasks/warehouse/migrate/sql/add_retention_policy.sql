select add_retention_policy('{core}.measurements'::regclass, :after::text::interval)
