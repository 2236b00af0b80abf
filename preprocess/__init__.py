"""Stage 1: a raw folder of person photos becomes shards."""
