"""`skc diff`: what a new artifact does differently than an old one: its contract, what it learned, its rows."""
