"""How near each confirmed one leads to an account, and what standing so near is worth.

Votes come from confirmed accounts alone, so nothing that suspects do feeds on itself here.
"""
