const DTYPES = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const;

/** Floats that a finished model's weights are stored in. */
export type WeightType = keyof typeof DTYPES;
export const WEIGHT_TYPES = Object.keys(DTYPES) as WeightType[];

/** The same as `writeSafetensors` takes it. */
export const storedAs = (weights: WeightType) => ({ dtype: DTYPES[weights] });
