export { loadModel, type SavedModel, saveModel } from "./checkpoint.ts";
export type { Condition, ConditionLayout } from "./condition.ts";
export {
  type EncoderDecoderConfig,
  type EncoderDecoderInput,
  encoderDecoderSchema,
  parseConfig,
} from "./config.ts";
export type { EncodedGroup } from "./decoder-block.ts";
export {
  type GenerateBatchOptions,
  type GenerateOptions,
  generate,
  generateBatch,
  type KnownTokens,
  type StepProgress,
} from "./generate.ts";
export { type GenerateBestOptions, generateBest, type ScoredCodes } from "./generate-best.ts";
export type { LossOptions, LossResult } from "./loss.ts";
export type { LossInputs, LossLayout, LossTensors } from "./loss-inputs.ts";
export { EncoderDecoder, type LogitsOptions, type TrainingOptions } from "./model.ts";
export { type ConfigName, namedConfig, namedConfigs } from "./named-configs.ts";
export { type ParameterCounts, parameterCounts } from "./parameter-counts.ts";
export { type PatternConfig, patternFromConfig, patternSchema } from "./pattern-config.ts";
export type { SamplerOptions } from "./sampler.ts";
export { decodeSchedule, type ScheduleOptions } from "./schedule.ts";
export { likelihood, likelihoodRatio, type Scorer, type ScorerContext } from "./scorer.ts";
export type { Shift } from "./shift.ts";
