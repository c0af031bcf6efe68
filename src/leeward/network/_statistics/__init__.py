"""Laws of counts and of places that several models use; numbers in, numbers out."""
