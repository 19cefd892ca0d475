/** The public key that signs models, as a config has it: `ed25519:` and its 32 bytes in base64. The daemon reads it, so it loads nothing. */

const trustPattern = /^ed25519:([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$/;

/** What a trusted key must be, for the end of a sentence. */
export const modelTrustText =
  "a public key as rivulet models key prints it: ed25519: and 44 characters of base64";

/** Whether a text is the public key of whoever signs models. */
export const isModelTrust = (text: string): boolean => trustPattern.test(text);
