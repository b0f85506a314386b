import type { Budget } from "./budget.ts";
import { quoted, refuse } from "./error.ts";
import { Global, kindOf, Storage, StoredTensor, Tuple, Unknown, type Value } from "./values.ts";

/** What a file holds by name: the keys on the way to it, with dots between them. */
export interface Flattened {
  readonly tensors: Map<string, StoredTensor>;
  readonly values: Map<string, number | bigint | string | boolean | null>;
  /** The classes of the objects that are left out. */
  readonly skipped: Map<string, string>;
}

export interface FlattenOptions {
  readonly budget: Budget;
  readonly skipUnknown: boolean;
}

const deepest = 100;
const longestName = 2 ** 20;

/**
 * Lists what is in dictionaries, and, by position, in lists and tuples.
 *
 * @throws NuwaError `FILE` when two things have the same name, or something holds itself
 */
export function flatten(value: Value, options: FlattenOptions): Flattened {
  const flattened: Flattened = { tensors: new Map(), values: new Map(), skipped: new Map() };
  visit("", value, 0, flattened, options);
  return flattened;
}

function visit(name: string, value: Value, depth: number, into: Flattened, options: FlattenOptions): void {
  options.budget.take(64 + 2 * name.length);
  if (depth > deepest) {
    refuse(`${quoted(name)} lies more than ${deepest} dictionaries and lists deep, or holds itself`);
  }
  const inside = (key: string, child: Value) => {
    if (name.length + key.length > longestName) refuse(`something in ${quoted(name)} has too long a name`);
    visit(depth === 0 ? key : `${name}.${key}`, child, depth + 1, into, options);
  };
  if (value instanceof Map) {
    for (const [key, child] of value) inside(...named(name, key, child, options.skipUnknown));
  } else if (Array.isArray(value) || value instanceof Tuple) {
    const items = Array.isArray(value) ? value : value.items;
    for (let index = 0; index < items.length; index++) inside(String(index), items[index]);
  } else {
    if (into.tensors.has(name) || into.values.has(name) || into.skipped.has(name))
      refuse(`two of its parts have the name ${quoted(name)}`);
    if (value instanceof StoredTensor) into.tensors.set(name, value);
    else if (value instanceof Unknown) into.skipped.set(name, value.name);
    else if (!(value instanceof Storage || value instanceof Global)) into.values.set(name, value);
    else if (options.skipUnknown) into.skipped.set(name, kindOf(value));
    else refuse(`${quoted(name)} is ${kindOf(value)} itself, not a tensor`, skipHint);
  }
}

/** A key as a text. What has a key of another kind is left out, or refused. */
function named(name: string, key: Value, child: Value, skipUnknown: boolean): [string, Value] {
  if (typeof key === "string") return [key, child];
  if (typeof key === "boolean" || Number.isSafeInteger(key) || typeof key === "bigint") {
    return [String(key), child];
  }
  if (!skipUnknown) {
    refuse(`a dictionary${name && ` in ${quoted(name)}`} has ${kindOf(key)} as a key`, skipHint);
  }
  const kind = kindOf(key);
  return [kind, new Unknown(kind)];
}

const skipHint = "To leave such things out, set skipUnknown: true.";
