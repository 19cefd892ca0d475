/** The file of the key that signs models, where the user names none. */
import { homedir } from "node:os";
import { join } from "node:path";

export const defaultKeyFile = (environment: NodeJS.ProcessEnv = process.env): string =>
  join(environment["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "rivulet", "models.key");

/** The lines of a config that take the models of a group. */
export const modelsBlock = (group: string, trust: string): string =>
  `  models: { group: ${group}, trust: "${trust}" }`;
