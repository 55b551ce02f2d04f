"""Ops of distances: to points that were learned, the kernels of such distances, and the nearest of the points."""
