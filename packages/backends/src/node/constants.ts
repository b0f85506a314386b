import type { Binding } from "./binding.ts";
import { TF_TYPE } from "./op-attributes.ts";

const GENERATION = 2048;

/**
 * Small tensors kept for reuse, such as the axes of a sum and the shapes of reshapes. Two generations:
 * what was not asked for during the last 2,048 new constants is freed, so an id stays valid for the
 * operation that it was fetched for.
 */
export class Constants {
  private readonly binding: Binding;
  private young = new Map<string, number>();
  private old = new Map<string, number>();

  constructor(binding: Binding) {
    this.binding = binding;
  }

  /** The id of an int32 tensor. It stays the cache's. */
  int32(values: readonly number[], shape: readonly number[]): number {
    const key = shape.length === 1 ? values.join() : `${shape.join()}:${values.join()}`;
    return (
      this.find(key) ??
      this.keep(key, this.binding.createTensor(shape, TF_TYPE.int32, Int32Array.from(values)))
    );
  }

  /** The id of a scalar of any numeric type. It stays the cache's. */
  scalar(value: number, dtype: number): number {
    const key = `${dtype}s${Object.is(value, -0) ? "-0" : value}`;
    return this.find(key) ?? this.keep(key, this.binding.createTensor([], dtype, [value]));
  }

  dispose(): void {
    this.free(this.young);
    this.free(this.old);
  }

  private find(key: string): number | undefined {
    const known = this.young.get(key);
    if (known !== undefined) return known;
    const promoted = this.old.get(key);
    if (promoted === undefined) return undefined;
    this.old.delete(key);
    return this.keep(key, promoted);
  }

  private keep(key: string, id: number): number {
    if (this.young.size >= GENERATION) {
      this.free(this.old);
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, id);
    return id;
  }

  private free(generation: Map<string, number>): void {
    for (const id of generation.values()) this.binding.deleteTensor(id);
    generation.clear();
  }
}
