-- Kinds of meters, each with the metrics that it is expected to report.
select
    kinds.kind,
    kinds.title,
    kinds.description,
    array(
        select expected.metric
        from {quality}.expected_metrics as expected
        where expected.kind = kinds.kind
    ) as metrics
from {quality}.meter_kinds as kinds
