export { fileError } from "./node/file-error.ts";
export { readSafetensors, writeSafetensors } from "./node/safetensors-file.ts";
export { readTorchCheckpoint } from "./node/torch-file.ts";
export { type FileContent, type Files, temporaryName, writeAtomically } from "./node/write-atomically.ts";
