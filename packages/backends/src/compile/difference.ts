import type { Binding } from "../node/binding.ts";
import { type Call, isOutside, type Recording, type Source } from "./recording.ts";
import { sameValue } from "./same-value.ts";

/** What two recordings of a step differ in first, in words; undefined where they are the same. */
export function differenceOf(binding: Binding, before: Recording, after: Recording): string | undefined {
  return (
    differentCalls(before, after) ??
    differentSources(before, after) ??
    differentConstants(binding, before, after) ??
    differentResults(before, after)
  );
}

function differentCalls({ calls: before }: Recording, { calls: after }: Recording): string | undefined {
  const length = Math.max(before.length, after.length);
  for (let place = 0; place < length; place++) {
    const [old, fresh] = [before[place], after[place]];
    if (old && fresh && sameCall(old, fresh)) continue;
    return `operation ${place + 1} was ${described(old)}, then ${described(fresh)}`;
  }
  return undefined;
}

function sameCall(a: Call, b: Call): boolean {
  if (!sameValue(a.inputs, b.inputs) || !sameValue(a.outputs, b.outputs)) return false;
  if (isOutside(a) && isOutside(b)) return a.kernel === b.kernel && sameValue(a.attributes, b.attributes);
  return !isOutside(a) && !isOutside(b) && a.name === b.name && sameValue(a.attributes, b.attributes);
}

function described(call: Call | undefined): string {
  if (call === undefined) return "none";
  return isOutside(call) ? "a kernel outside of TensorFlow" : call.name;
}

function differentSources({ sources: before }: Recording, { sources: after }: Recording): string | undefined {
  for (const number of new Set([...before.keys(), ...after.keys()])) {
    const [old, fresh] = [before.get(number), after.get(number)];
    if (old && fresh && identityOf(old) === identityOf(fresh)) continue;
    const captured = [fresh, old].find((source) => source?.kind === "captured");
    return captured?.kind === "captured"
      ? `it uses another tensor from outside at ${captured.place}`
      : "it reads other inputs or variables";
  }
  return undefined;
}

function identityOf(source: Source): unknown {
  switch (source.kind) {
    case "input":
      return source.index;
    case "variable":
      return source.variable;
    case "captured":
      return source.dataId;
  }
}

function differentConstants(
  binding: Binding,
  { constants: before }: Recording,
  { constants: after }: Recording,
): string | undefined {
  for (const [number, { id, place }] of after) {
    const old = before.get(number);
    if (old && sameValue(binding.tensorDataSync(old.id), binding.tensorDataSync(id))) continue;
    return `it made a tensor of other values at ${place}`;
  }
  return undefined;
}

function differentResults(before: Recording, after: Recording): string | undefined {
  if (!sameValue([...before.outputs], [...after.outputs])) return "it returned other tensors";
  const [old, fresh] = [[...before.assigned], [...after.assigned]];
  const same = old.every(([variable, value], index) => {
    const [other, otherValue] = fresh[index] ?? [];
    return variable === other && value === otherValue;
  });
  return same && old.length === fresh.length ? undefined : "it assigned to other variables";
}
