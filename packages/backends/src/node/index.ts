export { type FetchOptions, fetchLibrary } from "./fetch-library.ts";
export {
  cachedLibraryFolder,
  cacheFolder,
  type FindOptions,
  type FoundLibrary,
  findLibrary,
} from "./find-library.ts";
export { NodeBackend } from "./node-backend.ts";
export { ATTRIBUTE, type OpAttribute, TF_TYPE } from "./op-attributes.ts";
export type { FetchProgress, NodeOptions } from "./options.ts";
export { type NodeProbe, probeNode } from "./probe.ts";
export { loadNodeBackend, registerNode } from "./register-node.ts";
