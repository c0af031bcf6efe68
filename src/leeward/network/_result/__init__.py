"""From log-odds to what a person reads: tiers, evidence in words, cells, a picture, the size."""
