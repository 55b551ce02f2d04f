package dev.skc.runtime;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which artifact this is, and who made it. Its identity is the SHA-256 of manifest.json.
 *
 * <p>Why only the manifest: it has the SHA-256 of every other file that is read, and load checks them all. A
 * signature covers the same bytes after a prefix, so that it cannot be used as a signature of anything else; it is
 * stored next to the other files, in manifest.sig ({@code schemas/signature.v1.schema.json}).
 */
final class Origin {
  static final String FILE = "manifest.sig";
  private static final long LARGEST_FORMAT = 1L << 53;
  private static final byte[] PREFIX = "skc manifest signature 1\n".getBytes(StandardCharsets.US_ASCII);
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern SIGNATURE = Pattern.compile("[0-9a-f]{128}");
  private static final Pattern PEM =
      Pattern.compile("-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\\s]*)-----END PUBLIC KEY-----");
  private static final byte[] ED25519 = HexFormat.of().parseHex("302a300506032b6570032100"); // then 32 bytes
  private static final String KEY_HINT =
      "the text of a public key in PEM, as `openssl pkey -in private.pem -pubout` writes it";

  private Origin() {}

  /** The contents of manifest.sig: the id of the signing key, and the signature. */
  private record Signed(String key, byte[] signature) {}

  /**
   * The identity of an artifact. Throws ArtifactException {@code identity-mismatch}, {@code signature-missing}, {@code
   * signature-invalid}, and SkcException {@code invalid-option} if the argument is not an identity or a key.
   */
  static String check(byte[] manifest, ArtifactFiles files, LoadOptions options) {
    String identity = ArtifactFiles.sha256(manifest);
    if (options.expect != null) {
      checkIdentity(identity, options.expect);
    }
    if (options.key != null) {
      checkSignature(manifest, identity, options.key, files);
    }
    return identity;
  }

  private static void checkIdentity(String identity, String expected) {
    if (!DIGEST.matcher(expected).matches()) {
      throw new SkcException("invalid-option", "expect=" + Shown.of(expected), "64 lower-case hexadecimal digits");
    }
    if (!expected.equals(identity)) {
      String problem = "the artifact is " + identity + ", not " + expected;
      String hint = "deploy the artifact that was reviewed; `skc inspect` prints an artifact's identity";
      throw new ArtifactException("identity-mismatch", problem, hint);
    }
  }

  private static void checkSignature(byte[] manifest, String identity, String pem, ArtifactFiles files) {
    byte[] der = der(pem);
    String id = ArtifactFiles.sha256(der);
    Signed signed = read(files, identity);
    String hint = "use the artifact that was signed with this key, or the key that this artifact was signed with";
    if (!signed.key.equals(id)) {
      String problem = "the artifact " + identity + " is signed with the key " + signed.key + ", not with " + id;
      throw new ArtifactException("signature-invalid", problem, hint);
    }
    if (!verifies(der, manifest, signed.signature)) {
      String problem = "the artifact " + identity + " does not match its signature";
      throw new ArtifactException("signature-invalid", problem, hint);
    }
  }

  /** The DER form of a public key, of which its id is the SHA-256. */
  private static byte[] der(String pem) {
    Matcher matcher = PEM.matcher(pem);
    if (!matcher.find()) {
      throw new SkcException("invalid-option", "the key is not a public key", KEY_HINT);
    }
    byte[] der;
    try {
      der = Base64.getMimeDecoder().decode(matcher.group(1));
    } catch (IllegalArgumentException error) {
      throw new SkcException("invalid-option", "the key is not a public key", KEY_HINT);
    }
    ByteBuffer prefix = ByteBuffer.wrap(der, 0, Math.min(der.length, ED25519.length));
    if (der.length != ED25519.length + 32 || !prefix.equals(ByteBuffer.wrap(ED25519))) {
      throw new SkcException("invalid-option", "the key is not an Ed25519 key", KEY_HINT);
    }
    return der;
  }

  private static boolean verifies(byte[] der, byte[] manifest, byte[] signature) {
    try {
      PublicKey key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(der));
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(key);
      verifier.update(PREFIX);
      verifier.update(manifest);
      return verifier.verify(signature);
    } catch (GeneralSecurityException error) { // a key or a signature that is not a point of the curve
      return false;
    }
  }

  private static Signed read(ArtifactFiles files, String identity) {
    byte[] data;
    try {
      data = files.read(FILE);
    } catch (ArtifactException error) {
      if (!error.code().equals("artifact-file-missing")) {
        throw error;
      }
      String hint = "sign it with `skc sign ARTIFACT --key PRIVATE.pem`, or load it without a key";
      throw new ArtifactException("signature-missing", "the artifact " + identity + " has no `" + FILE + "`", hint);
    }
    Fields fields = new Fields(StrictJson.parse(ByteBuffer.wrap(data), FILE), FILE);
    if (!"signature".equals(fields.take("skc").textValue())) {
      throw ArtifactException.malformed(FILE + ".skc", "this is not a signature");
    }
    if (fields.number("format", 1, LARGEST_FORMAT) > 1) {
      throw new ArtifactException("artifact-too-new", FILE + " has a newer format", "use a newer skc-runtime");
    }
    if (!fields.text("algorithm").equals("ed25519")) {
      throw ArtifactException.malformed(FILE + ".algorithm", "expected ed25519");
    }
    String key = fields.text("key");
    String signature = fields.text("signature");
    fields.done();
    if (!DIGEST.matcher(key).matches()) {
      throw ArtifactException.malformed(FILE + ".key", "expected 64 lower-case hexadecimal digits");
    }
    if (!SIGNATURE.matcher(signature).matches()) {
      throw ArtifactException.malformed(FILE + ".signature", "expected 128 lower-case hexadecimal digits");
    }
    return new Signed(key, HexFormat.of().parseHex(signature));
  }
}
