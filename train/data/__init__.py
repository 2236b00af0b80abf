"""Shards become batches on the training device."""

from train.data.dataset import MarketPoseDataset as MarketPoseDataset
