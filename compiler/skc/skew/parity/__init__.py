"""Whether the online store holds what the offline table says: key by key, as of the time of the online row."""
