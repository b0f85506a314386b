export { cacheFolder, type FoundLibrary, findLibrary } from "./find-library.ts";
export { NodeBackend } from "./node-backend.ts";
export type { OpAttribute } from "./op-attributes.ts";
export { ATTRIBUTE, TF_TYPE } from "./op-attributes.ts";
export { type NodeOptions, registerNode } from "./register-node.ts";
