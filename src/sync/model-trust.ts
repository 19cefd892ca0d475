/**
 * The public key of whoever signs models, as a config has it: `ed25519:` and its 32 bytes in base64. Imports nothing, as the
 * daemon reads it with its config.
 */

const trustPattern = /^ed25519:([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$/;

/** What a trusted key must be, for the end of a sentence. */
export const modelTrustText =
  "a public key as rivulet models key prints it: ed25519: and 44 characters of base64";

/** Whether a text is the public key of whoever signs models. */
export const isModelTrust = (text: string): boolean => trustPattern.test(text);

/** The 32 bytes of a public key. @param trust for which `isModelTrust` holds */
export const trustBytes = (trust: string): Buffer =>
  Buffer.from(trustPattern.exec(trust)?.[1] ?? "", "base64");

/** A public key of 32 bytes, as a config has it. */
export const trustOf = (publicKey: Uint8Array): string =>
  `ed25519:${Buffer.from(publicKey).toString("base64")}`;
