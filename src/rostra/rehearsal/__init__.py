"""The rehearsal: virtual listeners, the knee, the certificate, the fleet plan."""
