import type { Binding } from "./binding.ts";
import { TF_TYPE } from "./op-attributes.ts";

const GENERATION = 2048;

/**
 * Small int32 tensors kept for reuse, such as the axes of a sum and the shapes of reshapes. Two
 * generations: what was not asked for during the last 2,048 new constants is freed, so an id stays
 * valid for the operation that it was fetched for.
 */
export class Constants {
  private readonly binding: Binding;
  private young = new Map<string, number>();
  private old = new Map<string, number>();

  constructor(binding: Binding) {
    this.binding = binding;
  }

  /** The id of a vector, or of a scalar for a number. It stays the cache's. */
  id(values: number | readonly number[]): number {
    const key = typeof values === "number" ? `s${values}` : values.join();
    const known = this.young.get(key);
    if (known !== undefined) return known;
    const promoted = this.old.get(key);
    if (promoted !== undefined) this.old.delete(key);
    const id = promoted ?? this.create(values);
    if (this.young.size >= GENERATION) {
      this.free(this.old);
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, id);
    return id;
  }

  dispose(): void {
    this.free(this.young);
    this.free(this.old);
  }

  private create(values: number | readonly number[]): number {
    if (typeof values === "number")
      return this.binding.createTensor([], TF_TYPE.int32, Int32Array.of(values));
    return this.binding.createTensor([values.length], TF_TYPE.int32, Int32Array.from(values));
  }

  private free(generation: Map<string, number>): void {
    for (const id of generation.values()) this.binding.deleteTensor(id);
    generation.clear();
  }
}
