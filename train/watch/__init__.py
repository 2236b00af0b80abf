"""What a run shows of itself: status lines, log, sheets, curves and validation scores."""
