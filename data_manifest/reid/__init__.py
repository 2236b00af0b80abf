"""What re-identification tools see in a folder: their rules, and a check by them."""
