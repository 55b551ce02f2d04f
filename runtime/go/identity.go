package skc

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"regexp"
)

// The identity of an artifact is the SHA-256 of its manifest.json.
//
// Why only the manifest: it has the SHA-256 of every other file that is read, and Load checks them all. A signature
// covers the same bytes after a prefix, so that it cannot be used as a signature of anything else; it is stored next
// to the other files, in manifest.sig (schemas/signature.v1.schema.json).

const (
	signatureName    = "manifest.sig"
	signatureVersion = 1
	signaturePrefix  = "skc manifest signature 1\n"
	keyHint          = "the text of a public key in PEM, as `openssl pkey -in private.pem -pubout` writes it"
)

var (
	digestPattern    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	signaturePattern = regexp.MustCompile(`^[0-9a-f]{128}$`)
)

// WithIdentity sets the identity that the artifact must have: the SHA-256 of its manifest.json, in lower-case
// hexadecimal.
func WithIdentity(expected string) Option { return func(o *loadOptions) { o.expect = &expected } }

// WithKey sets the public key, as the text of a PEM file, that must have signed the artifact.
func WithKey(pem []byte) Option { return func(o *loadOptions) { o.key, o.isSigned = pem, true } }

// Identity is the SHA-256 of manifest.json, which names that of every other file; also of a transformer that is closed.
func (t *Transformer) Identity() string { return t.manifest.identity }

// checkOrigin refuses an artifact that is not the expected one, or not signed with the key; read returns a file of it.
func checkOrigin(data []byte, options loadOptions, read func(name string) ([]byte, *Error)) (string, *Error) {
	digest := sha256.Sum256(data)
	identity := hex.EncodeToString(digest[:])
	if options.expect != nil {
		if !digestPattern.MatchString(*options.expect) {
			return "", newError(CodeInvalidOption, "the identity "+shown(*options.expect), "64 lower-case hexadecimal digits")
		}
		if *options.expect != identity {
			message := fmt.Sprintf("the artifact is %s, not %s", identity, *options.expect)
			return "", newError(CodeIdentityMismatch, message, "deploy the artifact that was reviewed; `skc inspect` prints an artifact's identity")
		}
	}
	if options.isSigned {
		if err := checkSignature(data, identity, options.key, read); err != nil {
			return "", err
		}
	}
	return identity, nil
}

func checkSignature(manifest []byte, identity string, pem []byte, read func(name string) ([]byte, *Error)) *Error {
	key, id, err := publicKey(pem)
	if err != nil {
		return err
	}
	data, err := read(signatureName)
	if err != nil && err.Code == CodeArtifactFileMissing {
		message := fmt.Sprintf("the artifact %s has no `%s`", identity, signatureName)
		return newError(CodeSignatureMissing, message, "sign it with `skc sign ARTIFACT --key PRIVATE.pem`, or load it without a key")
	}
	if err != nil {
		return err
	}
	signed, signature, err := readSignature(data)
	if err != nil {
		return err
	}
	hint := "use the artifact that was signed with this key, or the key that this artifact was signed with"
	if signed != id {
		message := fmt.Sprintf("the artifact %s is signed with the key %s, not with %s", identity, signed, id)
		return newError(CodeSignatureInvalid, message, hint)
	}
	if !ed25519.Verify(key, append([]byte(signaturePrefix), manifest...), signature) {
		return newError(CodeSignatureInvalid, fmt.Sprintf("the artifact %s does not match its signature", identity), hint)
	}
	return nil
}

// publicKey is the key of a PEM text, and its id: the SHA-256 of its DER form.
func publicKey(text []byte) (ed25519.PublicKey, string, *Error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, "", newError(CodeInvalidOption, "the key is not a public key", keyHint)
	}
	found, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, "", newError(CodeInvalidOption, "the key is not a public key", keyHint)
	}
	key, isEd25519 := found.(ed25519.PublicKey)
	if !isEd25519 {
		return nil, "", newError(CodeInvalidOption, fmt.Sprintf("the key is not an Ed25519 key but %T", found), keyHint)
	}
	digest := sha256.Sum256(block.Bytes)
	return key, hex.EncodeToString(digest[:]), nil
}

// readSignature returns the contents of manifest.sig: the id of the signing key, and the signature.
func readSignature(data []byte) (string, []byte, *Error) {
	value, err := parseJSON(data, signatureName)
	if err != nil {
		return "", nil, err
	}
	fail := &failure{}
	f := newFields(value, signatureName, fail)
	if kind, _ := f.take("skc").(string); kind != "signature" {
		f.note(malformed(signatureName+".skc", "this is not a signature"))
	}
	if f.integer("format", 1, 1<<53) > signatureVersion {
		f.note(newError(CodeArtifactTooNew, signatureName+" has a newer format", "take a newer skc.dev/runtime"))
	}
	f.oneOf("algorithm", "ed25519")
	key, text := f.text("key"), f.text("signature")
	f.done()
	if !digestPattern.MatchString(key) {
		f.note(malformed(signatureName+".key", "expected 64 lower-case hexadecimal digits"))
	}
	if !signaturePattern.MatchString(text) {
		f.note(malformed(signatureName+".signature", "expected 128 lower-case hexadecimal digits"))
	}
	if fail.first != nil {
		return "", nil, fail.first
	}
	signature, _ := hex.DecodeString(text) // digits only
	return key, signature, nil
}
