-- $1 load, $2 read, $3 rejected, $4 duplicate, $5 suspect, $6 and $7 first and last time in microseconds.
update {quality}.quality_load_log
set
    step = 'parsed',
    rows_read = $2,
    rows_rejected = $3,
    rows_duplicate = $4,
    rows_suspect = $5,
    first_time = to_timestamp(0) + $6::bigint * interval '1 microsecond',
    last_time = to_timestamp(0) + $7::bigint * interval '1 microsecond'
where load_id = $1
