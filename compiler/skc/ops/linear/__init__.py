"""Ops of linear models: products with a matrix, and what turns their scores into classes and probabilities."""
