"""The commands of stage 2, one file each."""
