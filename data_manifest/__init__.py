"""The contract between the stages: shards and manifests, for training and for pandas."""
