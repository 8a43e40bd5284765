-- since, until: the window once more, so that other partitions are not read.
delete from {features}_staging.meter_hour_sums as bucket
using changed_meter_days as changed
where
    bucket.meter_id = changed.meter_id
    and bucket.bucket_start >= changed.since
    and bucket.bucket_start < changed.until
    and bucket.bucket_start >= :since
    and bucket.bucket_start < :until
