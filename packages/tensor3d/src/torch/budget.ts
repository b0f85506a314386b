import { convertHint, refuse } from "./error.ts";

/** Keeps what is built in memory in proportion to the file, however often a file refers to its own parts. */
export class Budget {
  readonly fileSize: number;
  private left: number;

  /** 64 MiB and 8 bytes for each byte of the file. */
  constructor(fileSize: number) {
    this.fileSize = fileSize;
    this.left = 2 ** 26 + 8 * fileSize;
  }

  /** Asked before anything of `bytes` bytes is made. Throws NuwaError `FILE`. */
  take(bytes: number): void {
    this.left -= bytes;
    if (this.left >= 0) return;
    refuse(
      `its content would take far more memory than its ${this.fileSize} bytes explain`,
      `Tensors that torch.Tensor.expand made large, or many views of one, may be the reason. ${convertHint}`,
    );
  }
}
