"""What was found, as text, JUnit, HTML and GitHub annotations. The data knows nothing of how it is shown."""
