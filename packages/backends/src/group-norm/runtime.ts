import { groupNormBytes } from "../generated/group-norm-bytes.ts";
import { bytesOf, growTo } from "../kernel-memory.ts";

/** Passes over a part of a picture, as assembly/group-norm.ts says what each does. */
type Pass = "sum" | "deviate" | "apply" | "multiply" | "differentiate";
/** From a pass's sums to the means of groups and what follows of them. */
type Pooling = "poolSums" | "poolDeviations" | "poolProducts";

export interface Step {
  readonly pass: Pass;
  /** Arrays that it reads: x, or x and dy. */
  readonly arrays: number;
  /** What follows when it has read all of a picture. */
  readonly pooling?: Pooling;
}

type Exports = Readonly<
  Record<Pass, (first: number, count: number) => void> & Record<Pooling | "begin", () => void>
> & {
  start(...numbers: number[]): void;
};

/** Rows of one number a channel in the kernel's memory, as the kernel numbers them. */
const ROW = { gain: 0, offset: 1, gainGradient: 7, offsetGradient: 8 } as const;
const ROWS = 9;
const ROWS_ADDRESS = 1024;

export interface Problem {
  readonly positions: number;
  readonly channels: number;
  readonly groups: number;
  readonly epsilon: number;
}

/** Whether the engine has the vectors of WebAssembly that the kernel is made of. */
export function canCompile(): boolean {
  return WebAssembly.validate(bytesOf(groupNormBytes));
}

/** The compiled kernel over its memory, which keeps the largest size that was needed. */
export class GroupNormRuntime {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #kernel: Exports;
  #rowBytes = 0;
  #channels = 0;

  constructor() {
    const module = new WebAssembly.Module(bytesOf(groupNormBytes));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.#kernel = exports as unknown as Exports;
  }

  /** Makes room for `arrays` parts of at most `length` numbers, and returns them, x first. */
  start({ positions, channels, groups, epsilon }: Problem, arrays: number, length: number): Float32Array[] {
    // Vectors of four reach beyond the end of what they read.
    this.#rowBytes = Math.ceil(channels / 4) * 16 + 16;
    this.#channels = channels;
    const first = Math.ceil((ROWS_ADDRESS + ROWS * this.#rowBytes) / 64) * 64;
    const step = Math.ceil(length / 16) * 64 + 64;
    growTo(this.#memory, first + arrays * step);
    const addresses = Array.from({ length: arrays }, (_, index) => first + index * step);
    const [values, gradients = 0] = addresses;
    this.#kernel.start(ROWS_ADDRESS, this.#rowBytes, values, gradients, positions, channels, groups, epsilon);
    return addresses.map((address) => new Float32Array(this.#memory.buffer, address, length));
  }

  /** `[channels]`, until the next start. */
  row(name: keyof typeof ROW): Float32Array {
    return new Float32Array(this.#memory.buffer, ROWS_ADDRESS + ROW[name] * this.#rowBytes, this.#channels);
  }

  /** Begins a picture. */
  begin(): void {
    this.#kernel.begin();
  }

  /** Runs a pass over `count` positions of the part from `first` on. */
  run(pass: Pass, first: number, count: number): void {
    this.#kernel[pass](first, count);
  }

  pool(pooling: Pooling): void {
    this.#kernel[pooling]();
  }
}
