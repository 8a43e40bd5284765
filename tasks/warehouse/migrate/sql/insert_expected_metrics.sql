insert into {quality}.expected_metrics (kind, metric)
select
    wanted.kind,
    wanted.metric
from unnest(:kinds::text[], :metrics::text[]) as wanted (kind, metric)
