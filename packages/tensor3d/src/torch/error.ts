import { NuwaError } from "../errors.ts";

/** How to turn a checkpoint into a safetensors file without running what it may hold. */
export const convertHint =
  'Or convert it in Python: tensors = torch.load(path, map_location="cpu", weights_only=True), which also ' +
  "runs nothing it does not know, then safetensors.torch.save_file with a contiguous clone of each tensor.";

const damagedHint = "The file is damaged or not a checkpoint of torch.save: copy or download it again.";

/** Throws NuwaError `FILE`. */
export function refuse(problem: string, hint: string = damagedHint, cause?: unknown): never {
  throw new NuwaError("FILE", `torch checkpoint: ${problem}. ${hint}`, { hint, cause });
}

/** Names the class or function that a file asks for and that is not built. */
export function refuseClass(name: string): never {
  refuse(
    `it holds ${quoted(name)}, which is not among the few classes read here; nothing of it was run`,
    `To leave such objects out, set skipUnknown: true. ${convertHint}`,
  );
}

/** A text of the file in quotes, without control characters and not endless. */
export function quoted(text: string): string {
  return JSON.stringify(clipped(text));
}

export function clipped(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
