"""Skew between training and serving: what services logged, and whether it can be trusted."""
