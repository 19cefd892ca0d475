/** What a config says of sending checkpoints, with every default. */
export interface SyncConfig {
  /** URL of the host or store, with bucket and prefix: `http://nas.local:9000/fleet`. */
  to: string;
  /** Name of this device among those of the host. */
  device: string;
  credentials: CredentialSource;
  /** Region that requests are signed for. */
  region: string;
  /** SHA-256 of the host's certificate, in hexadecimal without colons; null: the certificate must be of a known authority. */
  fingerprint: string | null;
  everyMs: number;
  /** Number of checkpoints that wait for the host before the oldest one is given up. */
  backlog: number;
  /** Which models are fetched; null: none. */
  models: ModelsConfig | null;
}

/** Which models a device takes from its host. */
export interface ModelsConfig {
  /** Name of the group that the models are published for. */
  group: string;
  /** Public key that must have signed them: `ed25519:` and the 32 bytes in base64. */
  trust: string;
  /** Samples for which a new network of a config with `model` runs beside the present one. */
  sideBySide: number;
}

/** Where the key comes from. */
export type CredentialSource =
  /** Absolute path of a file that contains the secret; the id of the key is the name of the device by default. */
  | { secretFile: string; keyId: string }
  /** A program that prints credentials in the format of AWS's `credential_process`. */
  | { command: readonly string[] }
  /** The variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. */
  | { environment: true };
