export { nearWords } from "./near-words.ts";
export {
  drawTask,
  type JointLoss,
  jointLoss,
  type ObjectiveOptions,
  type TaskBatch,
  TRAINING_TASKS,
  type TrainingTask,
} from "./objective.ts";
export { CaptionTokenizer, type CaptionTokenizerFile } from "./text-tokenizer.ts";
