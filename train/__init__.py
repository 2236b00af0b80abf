"""Stage 2: shards become a generator, and generators get scores."""
