/** What the commands about hosts and about models both say of groups and of the key that signs. */
import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../errors/errors.ts";
import { bareNameText, isBareName } from "../../sync/names.ts";

/** The file of the key, where the user names none. */
export const defaultKeyFile = (environment: NodeJS.ProcessEnv = process.env): string =>
  join(environment["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "rivulet", "models.key");

/** The lines of a config that take the models of a group. */
export const modelsBlock = (group: string, trust: string): string =>
  `  models: { group: ${group}, trust: "${trust}" }`;

/** Checks the name of a group of devices. @throws UsageError where no group may have this name */
export function requireGroupName(group: string): void {
  if (!isBareName(group))
    throw new UsageError(`a group cannot be named "${group}", expected ${bareNameText}`);
}
