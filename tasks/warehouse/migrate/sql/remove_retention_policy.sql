select remove_retention_policy('{core}.measurements'::regclass)
