"""Shard folders in the forms that other systems read."""
