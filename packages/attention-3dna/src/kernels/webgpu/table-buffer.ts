import type * as tf from "@tensorflow/tfjs-core";
import type { NeighbourTable } from "../../neighbour-table.ts";
import type { PackedTable } from "./packed-table.ts";
import type { Device, DeviceBuffer, WebgpuBackend } from "./webgpu-backend.ts";

interface TableBuffer {
  readonly buffer: DeviceBuffer;
  readonly length: number;
}

/** By device, table and the bias's columns (the table itself without a bias); all held weakly. */
const buffers = new WeakMap<Device, WeakMap<object, WeakMap<object, Map<string, TableBuffer>>>>();

/** GPUBufferUsage.STORAGE | COPY_SRC, which tfjs demands of foreign buffers. */
const usage = 0x80 | 0x4;

/** What a packed table is made from. */
export interface TableSource {
  readonly table: NeighbourTable;
  readonly offsetOf?: Int32Array;
  /** Tells apart what is packed from the same table. */
  readonly kind: string;
  pack(): PackedTable;
}

/**
 * A packed table on the device, uploaded once and kept while the table lives. Dispose the tensor: its buffer stays.
 */
export function tableTensor(backend: WebgpuBackend, source: TableSource): tf.Tensor {
  const { table, offsetOf = table, kind } = source;
  const byTable = inner(buffers, backend.device, () => new WeakMap());
  const byColumns = inner(byTable, table, () => new WeakMap());
  const byKind = inner(byColumns, offsetOf, () => new Map<string, TableBuffer>());
  const { buffer, length } = inner(byKind, kind, () => upload(backend.device, source.pack()));
  return backend.createTensorFromGPUData({ buffer, zeroCopy: true }, [length], "int32");
}

function inner<Key, Value>(
  map: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown },
  key: Key,
  create: () => Value,
): Value {
  const value = map.get(key) ?? create();
  map.set(key, value);
  return value;
}

function upload(device: Device, packed: PackedTable): TableBuffer {
  const buffer = device.createBuffer({ size: packed.byteLength, usage, mappedAtCreation: true });
  new Int32Array(buffer.getMappedRange()).set(packed);
  buffer.unmap();
  return { buffer, length: packed.length };
}
