"""People of photos in other poses: what ``repose`` does, read from ``make.py`` downwards."""
