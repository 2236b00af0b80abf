"""A small re-identification network: trained in minutes, the judge of generated people."""
