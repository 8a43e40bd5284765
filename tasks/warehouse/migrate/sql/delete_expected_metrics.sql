delete from {quality}.expected_metrics
