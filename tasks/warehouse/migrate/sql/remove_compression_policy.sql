select remove_compression_policy('{core}.measurements'::regclass)
