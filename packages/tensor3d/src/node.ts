export { readSafetensors, writeSafetensors } from "./node/safetensors-file.ts";
export { type Files, fileError, writeAtomically } from "./node/write-atomically.ts";
