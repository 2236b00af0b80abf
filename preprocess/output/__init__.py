"""The shard folder: what is in it already, its shards, tables, summary and publishing."""
