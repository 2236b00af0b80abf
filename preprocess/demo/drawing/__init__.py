"""The drawing of people for the demo data set: bodies, clothes, cameras and crops, no photos."""
