import type { AttentionPattern, AttentionShape } from "./pattern.ts";

/**
 * Remembers what was computed on the host for a pattern and a shape, at most `limit` shapes a pattern; the
 * one used longest ago leaves first. It holds no tensors, and forgets a pattern that nobody holds any more.
 */
export class ShapeCache<Value> {
  private readonly limit: number;
  private readonly values = new WeakMap<AttentionPattern, Map<string, Value>>();

  constructor(limit = 32) {
    this.limit = limit;
  }

  get(pattern: AttentionPattern, shape: AttentionShape, compute: () => Value): Value {
    const shapes = this.values.get(pattern) ?? new Map<string, Value>();
    this.values.set(pattern, shapes);
    const key = shapeKey(shape);
    const value = shapes.get(key) ?? compute();
    shapes.delete(key); // to the end: used last
    shapes.set(key, value);
    if (shapes.size > this.limit) shapes.delete(shapes.keys().next().value!);
    return value;
  }
}

function shapeKey({ queryGrid: q, keyGrid: k = q, causal = false }: AttentionShape): string {
  return [q.height, q.width, q.frames, k.height, k.width, k.frames, causal].join();
}
