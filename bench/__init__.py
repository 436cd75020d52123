"""Every published figure of Rostra is one command here."""
