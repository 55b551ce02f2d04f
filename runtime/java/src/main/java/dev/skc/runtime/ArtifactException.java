package dev.skc.runtime;

/** The artifact cannot be served: it is damaged, tampered with, too new, or does not reproduce here. */
public final class ArtifactException extends SkcException {
  private static final long serialVersionUID = 1L;
  private static final String REBUILD = "the artifact is damaged or was edited by hand: compile it again";

  ArtifactException(String code, String problem, String hint) {
    super(code, problem, hint);
  }

  /** JSON that does not match its schema. */
  static ArtifactException malformed(String place, String problem) {
    return new ArtifactException("artifact-malformed", place + ": " + problem, REBUILD);
  }

  /** Files that are not of one artifact. */
  static ArtifactException inconsistent(String problem) {
    String hint = "the files come from different compilations: compile the pipeline again";
    return new ArtifactException("artifact-inconsistent", problem, hint);
  }
}
