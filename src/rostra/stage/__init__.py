"""Where the speakers are: seats, jitter buffer, mixer, WebRTC, recorder."""
