delete from {quality}.transform_state
