"""What every room stands on: facts, refusals, settings, signing."""
