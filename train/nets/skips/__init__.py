"""Skips: how appearance features reach the decoder; one file a kind (:mod:`train.nets.kinds`)."""
