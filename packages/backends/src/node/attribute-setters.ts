import { NuwaError } from "@nuwa/tensor3d";
import type { Functions, Pointer } from "./functions.ts";
import type { CStrings } from "./memory.ts";
import { ATTRIBUTE, type OpAttribute } from "./op-attributes.ts";
import { int64s } from "./tensor-values.ts";

/** The C API's functions that set an attribute of an operation, by its kind. */
interface Setters {
  readonly type: Functions["TF_SetAttrType"];
  readonly types: Functions["TF_SetAttrTypeList"];
  readonly bool: Functions["TF_SetAttrBool"];
  readonly int: Functions["TF_SetAttrInt"];
  readonly ints: Functions["TF_SetAttrIntList"];
  readonly float: Functions["TF_SetAttrFloat"];
  readonly floats: Functions["TF_SetAttrFloatList"];
  readonly string: Functions["TF_SetAttrString"];
  readonly strings: Functions["TF_SetAttrStringList"];
  readonly shape: Functions["TF_SetAttrShape"];
}

/** Sets an attribute of an operation that C knows by its address. */
export type SetAttribute = (operation: Pointer, attribute: OpAttribute) => void;

/** For operations that are run as they are made, `TFE_Op`. */
export function eagerAttributes(c: Functions, names: CStrings, status: Pointer): SetAttribute {
  return setterOf(names, {
    type: c.TFE_OpSetAttrType,
    types: c.TFE_OpSetAttrTypeList,
    bool: c.TFE_OpSetAttrBool,
    int: c.TFE_OpSetAttrInt,
    ints: c.TFE_OpSetAttrIntList,
    float: c.TFE_OpSetAttrFloat,
    floats: c.TFE_OpSetAttrFloatList,
    string: c.TFE_OpSetAttrString,
    strings: c.TFE_OpSetAttrStringList,
    shape: (operation, key, dims, rank) => c.TFE_OpSetAttrShape(operation, key, dims, rank, status),
  });
}

/** For operations of a graph, `TF_OperationDescription`. */
export function graphAttributes(c: Functions, names: CStrings): SetAttribute {
  return setterOf(names, {
    type: c.TF_SetAttrType,
    types: c.TF_SetAttrTypeList,
    bool: c.TF_SetAttrBool,
    int: c.TF_SetAttrInt,
    ints: c.TF_SetAttrIntList,
    float: c.TF_SetAttrFloat,
    floats: c.TF_SetAttrFloatList,
    string: c.TF_SetAttrString,
    strings: c.TF_SetAttrStringList,
    shape: c.TF_SetAttrShape,
  });
}

function setterOf(names: CStrings, set: Setters): SetAttribute {
  return (operation, { name, type, value }) => {
    const key = names.of(name);
    switch (type) {
      case ATTRIBUTE.type:
        if (Array.isArray(value)) set.types(operation, key, Int32Array.from(value as number[]), value.length);
        else set.type(operation, key, value as number);
        return;
      case ATTRIBUTE.bool:
        set.bool(operation, key, value ? 1 : 0);
        return;
      case ATTRIBUTE.int:
        if (Array.isArray(value)) set.ints(operation, key, int64s(value as number[]), value.length);
        else set.int(operation, key, value as number);
        return;
      case ATTRIBUTE.float:
        if (Array.isArray(value))
          set.floats(operation, key, Float32Array.from(value as number[]), value.length);
        else set.float(operation, key, value as number);
        return;
      case ATTRIBUTE.string: {
        if (Array.isArray(value)) {
          const texts = value as string[];
          const addresses = BigUint64Array.from(texts, (text) => BigInt(names.of(text)));
          const lengths = BigUint64Array.from(texts, (text) => BigInt(Buffer.byteLength(text)));
          set.strings(operation, key, addresses, lengths, texts.length);
          return;
        }
        const bytes = Buffer.from(value as string);
        set.string(operation, key, bytes, bytes.length);
        return;
      }
      case ATTRIBUTE.shape:
        set.shape(operation, key, int64s(value as number[]), (value as number[]).length);
        return;
      default:
        throw new NuwaError("BACKEND", `node backend: attribute ${name} has the unknown kind ${type}.`);
    }
  };
}
