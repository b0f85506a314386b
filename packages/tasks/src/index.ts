export { editDistance, nearWords } from "./near-words.ts";
export { CaptionTokenizer, type CaptionTokenizerFile, PAD_TOKEN } from "./text-tokenizer.ts";
