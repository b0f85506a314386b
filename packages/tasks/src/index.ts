export { nearWords } from "./near-words.ts";
export {
  type BatchInputs,
  drawTask,
  type JointLoss,
  jointInputs,
  jointLoss,
  jointLossOf,
  type ObjectiveOptions,
  type TaskBatch,
  TRAINING_TASKS,
  type TrainingTask,
} from "./objective.ts";
export { CaptionTokenizer, type CaptionTokenizerFile } from "./text-tokenizer.ts";
