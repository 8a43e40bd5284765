update {quality}.transform_state
set project = :project
