"""Looking into shard folders: sheets, warped sources and the summary."""
