import { NuwaError } from "../errors.ts";

const FULL = { reason: "the disk is full", hint: "Free some space, or choose a folder on another disk." };
const DENIED = {
  reason: "permission denied",
  hint: "Change the permissions of the file and its folder, or choose another place.",
};
const NO_FOLDER = { reason: "a part of the path is a file, not a folder", hint: "Check the path." };

const REASONS: Readonly<Record<string, { readonly reason: string; readonly hint: string }>> = {
  ENOSPC: FULL,
  EDQUOT: { ...FULL, reason: "the disk quota is used up" },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: { reason: "the disk is read-only", hint: "Choose a folder on a disk that can be written." },
  ENOENT: { reason: "there is no such file or folder", hint: "Check the path." },
  EISDIR: { reason: "it is a folder", hint: "Give the path of a file." },
  ENOTDIR: NO_FOLDER,
  EEXIST: NO_FOLDER, // from making a folder
};

/**
 * An error of the file system as a NuwaError `FILE`: `Could not write the model /a/b: the disk is full.` and what
 * to do, which is its `hint` too.
 *
 * @param action such as `write the model`
 */
export function fileError(action: string, path: string, cause: unknown): NuwaError {
  const known = REASONS[(cause as NodeJS.ErrnoException | undefined)?.code ?? ""];
  const reason = known?.reason ?? (cause instanceof Error ? cause.message : String(cause));
  const message = `Could not ${action} ${path}: ${reason}.`;
  return new NuwaError("FILE", known ? `${message} ${known.hint}` : message, { hint: known?.hint, cause });
}
