"""Rankings of other kinds, cheap enough to be made once for each confirmed one that is hidden."""
