select set_chunk_time_interval('{core}.measurements'::regclass, :width::interval)
