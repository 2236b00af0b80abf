"""What a data set on disk is: where its images are, what their names say, how they are read."""
