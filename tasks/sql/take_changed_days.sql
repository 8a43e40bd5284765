update {quality}.changed_days set taken = true where not taken
