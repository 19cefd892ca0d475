/** Every kind of optimizer, by the name that configs and users of the library know. A new one is a file and a line here. */
export { adagrad } from "./adagrad.ts";
export { adam, adamW } from "./adam.ts";
export { radam } from "./radam.ts";
export { rmsprop } from "./rmsprop.ts";
export { momentum, nesterov, sgd } from "./sgd.ts";
