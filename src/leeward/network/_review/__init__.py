"""The arithmetic of review: what to ask next, what answers are worth, what they certify.

Pure functions of counts and probabilities; nothing here knows the graph.
"""
