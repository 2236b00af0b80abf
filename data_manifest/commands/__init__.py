"""Commands that need shards or files only, one file each."""
