"""What acts say of things, and things of accounts: the evidence score and what speaks against it.

The suspects are given. Things are judged by them, each account by its own acts on those things,
and never by what others did to it.
"""
