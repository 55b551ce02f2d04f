"""Keys of two systems: the forms that one key is written in, templates of them, and which of them would match."""
