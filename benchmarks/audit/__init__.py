"""What is wrong with a data set: copies across queries and gallery or labels, likely mislabels, unusable files."""
