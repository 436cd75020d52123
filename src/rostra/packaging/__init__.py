"""From programme sound to parts, segments and playlists."""
