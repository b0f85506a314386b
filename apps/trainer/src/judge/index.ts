export { type AccuracyOptions, type JudgeAccuracy, judgeAccuracy } from "./accuracy.ts";
export { type ImageJudgement, Judge, type VideoJudgement } from "./judge.ts";
export {
  type ImageScore,
  type JudgedItem,
  scoreContinuations,
  scoreImages,
  scoreVideos,
  type VideoScore,
} from "./score.ts";
export { type JudgeTraining, trainJudge } from "./train-judge.ts";
