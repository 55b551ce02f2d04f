"""Ops of decision trees, alone and in ensembles."""
