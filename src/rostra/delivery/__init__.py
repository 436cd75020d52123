"""What the crowd touches: the live window and prepared responses."""
