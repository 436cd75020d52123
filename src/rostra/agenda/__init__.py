"""The event's life as a transition table; invitations; calendar documents."""
