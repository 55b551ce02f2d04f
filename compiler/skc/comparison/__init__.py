"""`skc diff`: what a new artifact does otherwise than an old one: its contract, what it learned, its rows."""
