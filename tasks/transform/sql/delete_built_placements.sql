delete from {quality}.built_placements
