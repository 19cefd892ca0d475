/** Every transform by the name that it has in a config. */
import { clip } from "./clip.ts";
import { standardize } from "./standardize.ts";

export const transforms = { standardize, clip } as const;

export type TransformName = keyof typeof transforms;

export const transformNames = Object.keys(transforms) as TransformName[];
