import {
  type DecodedTorchCheckpoint,
  decodeTorchCheckpoint,
  type TorchCheckpointOptions,
} from "../torch/decode.ts";
import { decodeFile } from "./read-bytes.ts";

/**
 * Reads a `.ckpt`, `.pth` or `.pt` file of `torch.save` (PyTorch 1.6 and later) without running anything of it.
 * `decodeTorchCheckpoint` says what is read.
 *
 * @throws NuwaError `FILE` that names the path, `INPUT` when the file has no such root
 */
export function readTorchCheckpoint(
  path: string,
  options: TorchCheckpointOptions = {},
): Promise<DecodedTorchCheckpoint> {
  return decodeFile(path, (bytes) => decodeTorchCheckpoint(bytes, options));
}
