"""The hosts' and operators' API, the bus and the storage."""
