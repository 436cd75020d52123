"""Evidence: what happened, as records that nobody can change afterwards without its being seen."""
