import { join } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import koffi, { type LibraryHandle } from "koffi";
import { loadLibrary, setLogLevel } from "./load-library.ts";
import { leaveSignalsToOtherThreads } from "./signals.ts";

/** An address in the process's memory; 0 is none. C pointers cross the binding as plain numbers. */
export type Pointer = number;

/** Names of the two shared objects that make up libtensorflow, the framework first. */
export function libraryFiles(platform: NodeJS.Platform = process.platform): readonly [string, string] {
  if (platform === "darwin") return ["libtensorflow_framework.2.dylib", "libtensorflow_cc.2.dylib"];
  return ["libtensorflow_framework.so.2", "libtensorflow_cc.so.2"];
}

// `p` is a pointer, passed as a number. `buffer` takes a typed array in place, `output` a structure by value.
const signatures = {
  TF_Version: "str ()",
  TF_NewStatus: "p ()",
  TF_GetCode: "int (p)",
  TF_Message: "str (p)",
  TF_AllocateTensor: "p (int, buffer, int, size_t)",
  TF_NewTensor: "p (int, buffer, int, buffer, size_t, p, p)",
  TF_DeleteTensor: "void (p)",
  TF_TensorData: "p (p)",
  TF_TensorByteSize: "size_t (p)",
  TF_DeviceListCount: "int (p)",
  TF_DeviceListName: "str (p, int, p)",
  TF_DeviceListType: "str (p, int, p)",
  TF_DeleteDeviceList: "void (p)",
  TF_StringInit: "void (p)",
  TF_StringCopy: "void (p, buffer, size_t)",
  TF_StringGetSize: "size_t (p)",
  TF_StringGetDataPointer: "p (p)",
  TF_StringDealloc: "void (p)",
  TFE_NewContextOptions: "p ()",
  TFE_ContextOptionsSetConfig: "void (p, buffer, size_t, p)",
  TFE_ContextOptionsSetDevicePlacementPolicy: "void (p, int)",
  TFE_DeleteContextOptions: "void (p)",
  TFE_NewContext: "p (p, p)",
  TFE_DeleteContext: "void (p)",
  TFE_ContextListDevices: "p (p, p)",
  TFE_NewTensorHandle: "p (p, p)",
  TFE_DeleteTensorHandle: "void (p)",
  TFE_TensorHandleDataType: "int (p)",
  TFE_TensorHandleNumDims: "int (p, p)",
  TFE_TensorHandleDim: "int64_t (p, int, p)",
  TFE_TensorHandleResolve: "p (p, p)",
  TFE_NewOp: "p (p, p, p)",
  TFE_OpReset: "void (p, p, p, p)",
  TFE_DeleteOp: "void (p)",
  TFE_OpAddInput: "void (p, p, p)",
  TFE_OpSetAttrString: "void (p, p, buffer, size_t)",
  TFE_OpSetAttrStringList: "void (p, p, buffer, buffer, int)",
  TFE_OpSetAttrInt: "void (p, p, int64_t)",
  TFE_OpSetAttrIntList: "void (p, p, buffer, int)",
  TFE_OpSetAttrFloat: "void (p, p, float)",
  TFE_OpSetAttrFloatList: "void (p, p, buffer, int)",
  TFE_OpSetAttrBool: "void (p, p, uint8_t)",
  TFE_OpSetAttrType: "void (p, p, int)",
  TFE_OpSetAttrTypeList: "void (p, p, buffer, int)",
  TFE_OpSetAttrShape: "void (p, p, buffer, int, p)",
  TFE_Execute: "void (p, buffer, buffer, p)",
  TFE_TensorHandleCopySharingTensor: "p (p, p)",
  TFE_ContextAddFunction: "void (p, p, p)",
  TFE_ContextRemoveFunction: "void (p, p, p)",
  TF_NewBuffer: "p ()",
  TF_DeleteBuffer: "void (p)",
  TF_NewGraph: "p ()",
  TF_DeleteGraph: "void (p)",
  TF_GraphGetOpDef: "void (p, p, p, p)",
  TF_NewOperation: "p (p, p, p)",
  TF_AddInput: "void (p, output)",
  TF_AddInputList: "void (p, buffer, int)",
  TF_SetAttrString: "void (p, p, buffer, size_t)",
  TF_SetAttrStringList: "void (p, p, buffer, buffer, int)",
  TF_SetAttrInt: "void (p, p, int64_t)",
  TF_SetAttrIntList: "void (p, p, buffer, int)",
  TF_SetAttrFloat: "void (p, p, float)",
  TF_SetAttrFloatList: "void (p, p, buffer, int)",
  TF_SetAttrBool: "void (p, p, uint8_t)",
  TF_SetAttrType: "void (p, p, int)",
  TF_SetAttrTypeList: "void (p, p, buffer, int)",
  TF_SetAttrShape: "void (p, p, buffer, int)",
  TF_SetAttrTensor: "void (p, p, p, p)",
  TF_FinishOperation: "p (p, p)",
  TF_GraphToFunction: "p (p, p, uint8_t, int, p, int, buffer, int, buffer, p, p, p, p)",
  TF_FunctionSetAttrValueProto: "void (p, p, buffer, size_t, p)",
  TF_DeleteFunction: "void (p)",
} as const;

type Kind = {
  p: Pointer;
  int: number;
  int64_t: number;
  size_t: number;
  float: number;
  uint8_t: number;
  str: string;
};
/** An output of an operation of a graph, C's `TF_Output`. */
export interface GraphOutput {
  readonly operation: Pointer;
  readonly index: number;
}

type ArgumentKind = Kind & { buffer: ArrayBufferView; output: GraphOutput };
type Arguments<List extends string> = List extends ""
  ? []
  : List extends `${infer First extends keyof ArgumentKind}, ${infer Rest}`
    ? [ArgumentKind[First], ...Arguments<Rest>]
    : List extends keyof ArgumentKind
      ? [ArgumentKind[List]]
      : never;
type Signature<Text extends string> = Text extends `${infer Result} (${infer List})`
  ? (...values: Arguments<List>) => Result extends keyof Kind ? Kind[Result] : undefined
  : never;

/** The functions of TensorFlow's C API that the binding calls, `memcpy` both ways, and where `memset` is. */
export type Functions = {
  readonly [Name in keyof typeof signatures]: Signature<(typeof signatures)[Name]>;
} & {
  /** Copies bytes out of the process's memory into a typed array. */
  readonly copyOut: (to: ArrayBufferView, from: Pointer, bytes: number) => void;
  /** Copies a typed array's bytes to an address. */
  readonly copyIn: (to: Pointer, from: ArrayBufferView, bytes: number) => void;
  readonly memset: Pointer;
};

const output = koffi.struct({ operation: "uintptr_t", index: "int" });
type CType = string | typeof output;
const cTypes: Record<string, CType> = { p: "uintptr_t", buffer: "void *", str: "const char *", output };

/** Binds a function by a signature of ours. */
function bind(library: LibraryHandle, name: string, text: string): unknown {
  const [, result, list] = /^(\w+) \((.*)\)$/.exec(text)!;
  const cType = (kind: string): CType => cTypes[kind] ?? kind;
  return library.func(name, cType(result), list === "" ? [] : list.split(", ").map(cType));
}

/**
 * Loads libtensorflow from a folder and binds its C API.
 *
 * @throws NuwaError `BACKEND` when a file is missing, does not load, or is no libtensorflow
 */
export function loadFunctions(folder: string): Functions {
  const [framework, library] = libraryFiles();
  try {
    // The framework first, so that the second library finds it by its name whatever its search path says.
    leaveSignalsToOtherThreads();
    setLogLevel(loadLibrary(join(folder, framework)));
    const handle = loadLibrary(join(folder, library));
    const bound: Record<string, unknown> = {};
    for (const [name, text] of Object.entries(signatures)) bound[name] = bind(handle, name, text);
    // memcpy is found through the libraries' own dependencies.
    bound.copyOut = handle.func("void memcpy(void *, uintptr_t, size_t)");
    bound.copyIn = handle.func("void memcpy(uintptr_t, void *, size_t)");
    bound.memset = Number(koffi.address(handle.symbol("memset", "void")));
    return bound as unknown as Functions;
  } catch (cause) {
    throw new NuwaError(
      "BACKEND",
      `node backend: cannot load libtensorflow from ${folder}: ${(cause as Error).message}`,
      {
        hint: "Set NUWA_LIBTENSORFLOW to a folder with a libtensorflow of this system, or delete the folder to have it fetched again.",
        cause,
      },
    );
  }
}
