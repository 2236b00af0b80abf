"""Shard folders copied from here to elsewhere and back."""
