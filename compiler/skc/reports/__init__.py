"""Results as text, JUnit, HTML and GitHub annotations. The data does not depend on how it is presented."""
