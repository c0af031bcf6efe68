"""The interaction graph: events become nodes, acts between them, and compressed rows.

What is here knows nothing of suspicion. A graph grows by further batches into what all of the
events at once would have made.
"""
