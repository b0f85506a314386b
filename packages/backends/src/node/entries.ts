import type { Binding } from "./binding.ts";
import { ATTRIBUTE, createTensorsTypeOpAttr } from "./op-attributes.ts";
import { sameShape, type Values } from "./tensor-values.ts";

/** What stands behind a tensor's `dataId`: values that no operation has needed yet, or a handle. */
export interface Entry {
  readonly shape: number[];
  readonly dtype: number;
  values: Values | null;
  /** The binding's id, -1 before the first operation on it. */
  id: number;
  /** Ids of the same values under other shapes. */
  reshaped: { readonly shape: readonly number[]; readonly id: number }[] | null;
  refCount: number;
}

/** The binding's id of an entry, in the shape that it was made in. */
export function idOfEntry(binding: Binding, entry: Entry): number {
  if (entry.values !== null) {
    entry.id = binding.createTensor(entry.shape, entry.dtype, entry.values);
    entry.values = null;
  }
  return entry.id;
}

/**
 * The id of the same values in another shape, which the entry keeps.
 *
 * @param vector gives the id of a vector of whole numbers
 */
export function idOfReshaped(
  binding: Binding,
  entry: Entry,
  shape: readonly number[],
  vector: (values: readonly number[]) => number,
): number {
  entry.reshaped ??= [];
  for (const known of entry.reshaped) if (sameShape(known.shape, shape)) return known.id;
  const attributes = [
    { name: "T", type: ATTRIBUTE.type, value: entry.dtype },
    createTensorsTypeOpAttr("Tshape", "int32"),
  ];
  const [{ id }] = binding.executeOp("Reshape", attributes, [entry.id, vector(shape)], 1);
  entry.reshaped.push({ shape, id });
  return id;
}

/** Frees the tensors of an entry. */
export function deleteEntry(binding: Binding, { id, reshaped }: Entry): void {
  if (id >= 0) binding.deleteTensor(id);
  if (reshaped !== null) for (const same of reshaped) binding.deleteTensor(same.id);
}
