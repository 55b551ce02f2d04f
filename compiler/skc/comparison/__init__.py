"""`skc diff`: what a new artifact does differently from an old one: its contract, what it learned, its rows."""
