"""The door: the waiting line, passes, the controller of admission and rungs, and the count."""
