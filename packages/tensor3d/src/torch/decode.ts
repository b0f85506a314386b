import { NuwaError } from "../errors.ts";
import type { DecodedTensor } from "../safetensors/decode.ts";
import { Budget } from "./budget.ts";
import { convertHint, quoted, refuse } from "./error.ts";
import { type Flattened, flatten } from "./flatten.ts";
import { unpickle } from "./pickle.ts";
import { tensorBuilder } from "./rebuild.ts";
import { tensorData } from "./tensor-data.ts";
import { zipEntries } from "./zip.ts";

export interface TorchCheckpointOptions {
  /**
   * The dictionary whose tensors are wanted, `"state_dict"` or `"model.ema"`; their names begin below it.
   * `""` is the whole file. Default: `state_dict` where the file has one at its top, otherwise the whole file.
   */
  readonly root?: string;
  /**
   * Leaves out objects of classes other than PyTorch's tensors and Python's plain data, such as the callbacks that
   * Lightning saves. Nothing of them is run, and `skipped` names them. By default they are refused by name.
   */
  readonly skipUnknown?: boolean;
}

export interface DecodedTorchCheckpoint {
  /**
   * The tensors below `root`, in row-major order. F16 and BF16 are widened to Float32Array, F64 is narrowed to it,
   * I64 are big integers, BOOL bytes.
   */
  readonly tensors: Record<string, DecodedTensor>;
  /** The numbers, texts, booleans and Nones of the whole file: `epoch`, `hyper_parameters.lr`, ... */
  readonly values: Record<string, number | bigint | string | boolean | null>;
  /** The classes of the objects of the whole file that `skipUnknown` left out, by name. */
  readonly skipped: Record<string, string>;
  /** The root that was used. */
  readonly root: string;
}

/**
 * Reads a checkpoint that `torch.save` wrote (PyTorch 1.6 and later), without running anything of it: dictionaries,
 * lists and tuples, numbers and texts, and tensors of F64, F32, F16, BF16, I64 to I8, U8 and BOOL. Names are the
 * keys, and the positions in lists, with dots between them; a lone tensor has the name `""`. Arrays may share memory
 * with `bytes` and with each other.
 *
 * @throws NuwaError `FILE` when the file is cut, damaged, of an older format, or asks for a class that is not known,
 * which it names; `INPUT` when it has no such root
 */
export function decodeTorchCheckpoint(
  bytes: Uint8Array,
  options: TorchCheckpointOptions = {},
): DecodedTorchCheckpoint {
  const { skipUnknown = false } = options;
  refuseOtherFormats(bytes);
  const entries = zipEntries(bytes);
  const folder = checkpointFolder(entries);
  checkByteOrder(entries.get(`${folder}byteorder`));
  const budget = new Budget(bytes.length);
  const builder = tensorBuilder((key) => entries.get(`${folder}data/${key}`));
  const content = unpickle(entries.get(`${folder}data.pkl`)!, { builder, budget, skipUnknown });
  const flattened = flatten(content, { budget, skipUnknown });
  const hasStateDict = content instanceof Map && content.get("state_dict") instanceof Map;
  const root = options.root ?? (hasStateDict ? "state_dict" : "");
  if (options.root) checkRoot(options.root, flattened);
  const prefix = root === "" ? "" : `${root}.`;
  const tensors: [string, DecodedTensor][] = [];
  for (const [name, tensor] of flattened.tensors) {
    if (!name.startsWith(prefix)) continue;
    const { storage, shape } = tensor;
    const data = tensorData(tensor, budget);
    tensors.push([name.slice(prefix.length), { dtype: storage.dtype, shape: [...shape], data }]);
  }
  return {
    tensors: Object.fromEntries(tensors),
    values: Object.fromEntries(flattened.values),
    skipped: Object.fromEntries(flattened.skipped),
    root,
  };
}

function refuseOtherFormats(bytes: Uint8Array): void {
  // A pickle of protocol 2 to 5 begins so; the older format begins with the pickle of a certain number.
  if (bytes[0] !== 0x80 || bytes[1] < 2 || bytes[1] > 5) return;
  const isLegacy = bytes[2] === 0x8a && bytes[3] === 10 && bytes[4] === 0x6c && bytes[5] === 0xfc;
  const what = isLegacy
    ? "this is the format of torch.save before PyTorch 1.6, which is not read here"
    : "this is a bare pickle, not a checkpoint of torch.save";
  refuse(
    what,
    isLegacy ? `Load it in Python and write it again with torch.save. ${convertHint}` : convertHint,
  );
}

/** The folder in the archive with its slash, `archive/`. */
function checkpointFolder(entries: ReadonlyMap<string, Uint8Array>): string {
  const found = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (found.length !== 1) {
    refuse(`wanted one file "<folder>/data.pkl" in its zip archive, got ${found.length}`);
  }
  return found[0].slice(0, -"data.pkl".length);
}

/** Older versions of PyTorch do not say it and write what nearly all machines have, the lowest byte first. */
function checkByteOrder(marker: Uint8Array | undefined): void {
  if (marker === undefined) return;
  const order = new TextDecoder().decode(marker);
  if (order === "little") return;
  refuse(`its numbers have the byte order ${quoted(order)}, wanted "little"`, convertHint);
}

function checkRoot(root: string, { tensors, values, skipped }: Flattened): void {
  const names = [...tensors.keys(), ...values.keys(), ...skipped.keys()];
  if (names.some((name) => name.startsWith(`${root}.`))) return;
  const tops = new Set(names.map((name) => name.split(".", 1)[0]));
  const shown = [...tops].slice(0, 10).map(quoted).join(", ");
  throw new NuwaError(
    "INPUT",
    `decodeTorchCheckpoint: the file has no dictionary ${quoted(root)} with anything in it. Its names begin with ${shown}.`,
  );
}
