"""Two services that should answer alike: the same requests to both, or their logs, and where the answers differ."""
