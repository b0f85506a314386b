export { type FetchOptions, type FetchProgress, fetchLibrary } from "./fetch-library.ts";
export {
  cachedLibraryFolder,
  cacheFolder,
  type FindOptions,
  type FoundLibrary,
  findLibrary,
} from "./find-library.ts";
export { NodeBackend } from "./node-backend.ts";
export { ATTRIBUTE, type OpAttribute, TF_TYPE } from "./op-attributes.ts";
export { type NodeProbe, probeNode } from "./probe.ts";
export { loadNodeBackend, type NodeOptions, registerNode } from "./register-node.ts";
