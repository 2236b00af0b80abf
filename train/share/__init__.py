"""Handing exported generators to others over a model hub: ``share-generator``."""
