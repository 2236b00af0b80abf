"""More pictures of the people of a train set, in poses of others, for re-identification."""
