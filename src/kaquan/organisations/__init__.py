"""The organisation tree (组织): stores, clerks, terminals and who may see what."""
