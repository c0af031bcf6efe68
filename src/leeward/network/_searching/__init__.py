"""The search: from confirmed accounts to log-odds for everybody, or to words that say why not.

It grows suspects step by step, hides confirmed ones to see how far to trust what it finds, and
brings a search up to date.
"""
