"""What is wrong, where, and why: the parts that the reports of all checks are made of."""
