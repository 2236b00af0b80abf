"""Drawn people: the data set that ``draw-market`` makes and the demo pose weights."""
