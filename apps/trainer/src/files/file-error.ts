import { NuwaError } from "@nuwa/tensor3d";

const REASONS: Readonly<Record<string, { reason: string; hint: string }>> = {
  ENOSPC: { reason: "the disk is full", hint: "Free some space, or choose a folder on another disk." },
  EDQUOT: { reason: "the disk quota is used up", hint: "Free some space, or choose another folder." },
  EACCES: {
    reason: "permission denied",
    hint: "Choose a folder that you may write to, or change its permissions.",
  },
  EPERM: {
    reason: "permission denied",
    hint: "Choose a folder that you may write to, or change its permissions.",
  },
  EROFS: { reason: "the disk is read-only", hint: "Choose a folder on a disk that can be written." },
  ENOENT: { reason: "there is no such file or folder", hint: "Check the path." },
  EISDIR: { reason: "it is a folder", hint: "Give the path of a file." },
  ENOTDIR: { reason: "a part of the path is a file, not a folder", hint: "Check the path." },
  EEXIST: { reason: "it exists already", hint: "Choose another name." },
};

/** A NuwaError `FILE` that says which file could not be handled, and why, in words. */
export function fileError(action: string, path: string, error: unknown): NuwaError {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? "";
  const known = REASONS[code];
  const reason = known?.reason ?? (error instanceof Error ? error.message : String(error));
  return new NuwaError("FILE", `Could not ${action}: ${path}: ${reason}.`, {
    hint: known?.hint,
    cause: error,
  });
}
