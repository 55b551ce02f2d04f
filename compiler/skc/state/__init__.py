"""Mergeable states: what fitting can depend on of some rows, in one file, so that these need not be read again."""
