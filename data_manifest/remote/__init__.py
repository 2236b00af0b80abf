"""Shard folders elsewhere: how their files come here, and where they are kept."""
