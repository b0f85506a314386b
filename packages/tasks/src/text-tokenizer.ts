import { NuwaError } from "@nuwa/tensor3d";
import { nearWords } from "./near-words.ts";

/** The content of `tokenizer.json`. `words[token]` is the word of a token. */
export interface CaptionTokenizerFile {
  readonly format: "nuwa-words";
  readonly version: 1;
  readonly textLength: number;
  readonly words: readonly string[];
}

/**
 * Word-level tokens of captions from a known language: every word that occurred is a token, in alphabetical
 * order, and a text has at most `textLength` of them.
 *
 * Letter case, runs of white space and punctuation around words do not matter. The vocabulary holds words only:
 * padding, and the condition "None", are tokens of the model's own.
 */
export class CaptionTokenizer {
  /** The most words of a text. */
  readonly textLength: number;
  /** `words[token]`. */
  readonly words: readonly string[];
  private readonly tokenOf: ReadonlyMap<string, number>;

  private constructor(textLength: number, words: readonly string[]) {
    this.textLength = textLength;
    this.words = words;
    this.tokenOf = new Map(words.map((word, token) => [word, token]));
  }

  /**
   * Collects the words of captions. Without `textLength` the longest caption sets it.
   *
   * @throws NuwaError `INPUT` when there is no word, or a caption is longer than `textLength`
   */
  static build(captions: Iterable<string>, { textLength }: { textLength?: number } = {}): CaptionTokenizer {
    const words = new Set<string>();
    let longest = 0;
    for (const caption of captions) {
      const own = splitWords(caption);
      longest = Math.max(longest, own.length);
      for (const word of own) words.add(word);
      if (textLength !== undefined && own.length > textLength) throw tooLong(caption, own.length, textLength);
    }
    if (words.size === 0) throw new NuwaError("INPUT", "CaptionTokenizer.build: the captions hold no word.");
    return new CaptionTokenizer(textLength ?? longest, [...words].sort());
  }

  /**
   * Restores a tokenizer from the parsed content of `tokenizer.json`.
   *
   * @throws NuwaError `FILE` when the content is not such a tokenizer
   */
  static fromJSON(content: unknown): CaptionTokenizer {
    const { format, version, textLength, words } = (content ?? {}) as Partial<CaptionTokenizerFile>;
    const fault =
      format !== "nuwa-words" || version !== 1
        ? `wanted format "nuwa-words", version 1, got ${JSON.stringify(format)}, version ${JSON.stringify(version)}`
        : !Number.isInteger(textLength) || textLength! < 1
          ? `textLength must be a positive integer, got ${JSON.stringify(textLength)}`
          : !Array.isArray(words) || words.length === 0 || !words.every((word) => typeof word === "string")
            ? "words must be a list of strings"
            : new Set(words).size !== words.length
              ? "words must not repeat"
              : undefined;
    if (fault) throw new NuwaError("FILE", `CaptionTokenizer.fromJSON: ${fault}.`);
    return new CaptionTokenizer(textLength!, [...words!]);
  }

  toJSON(): CaptionTokenizerFile {
    return { format: "nuwa-words", version: 1, textLength: this.textLength, words: this.words };
  }

  /** Tokens that exist. */
  get vocabulary(): number {
    return this.words.length;
  }

  /**
   * Tokens of a text, `[words]`, at most `textLength` of them.
   *
   * @throws NuwaError `INPUT` for an empty text, unknown words (named with near ones) and too many words
   */
  encode(text: string): Int32Array {
    const words = splitWords(text);
    if (words.length === 0) {
      throw new NuwaError("INPUT", "The caption is empty; wanted some words.", {
        hint: `Known words are: ${sampleOf(this.words)}.`,
      });
    }
    const unknown = [...new Set(words.filter((word) => !this.tokenOf.has(word)))];
    if (unknown.length > 0) throw this.unknownWords(text, unknown);
    if (words.length > this.textLength) throw tooLong(text, words.length, this.textLength);
    return Int32Array.from(words, (word) => this.tokenOf.get(word)!);
  }

  /** The text of tokens. @throws NuwaError `INPUT` for a token out of range */
  decode(tokens: ArrayLike<number>): string {
    const words: string[] = [];
    for (const token of Array.from(tokens)) {
      if (!(token in this.words)) {
        const range = `0 to ${this.vocabulary - 1}`;
        throw new NuwaError("INPUT", `CaptionTokenizer.decode: wanted tokens from ${range}, got ${token}.`);
      }
      words.push(this.words[token]);
    }
    return words.join(" ");
  }

  private unknownWords(text: string, unknown: readonly string[]): NuwaError {
    const near = unknown.flatMap((word) => {
      const words = nearWords(word, this.words);
      return words.length > 0 ? [`for "${word}" perhaps ${words.map((w) => `"${w}"`).join(" or ")}`] : [];
    });
    const names = unknown.map((word) => `"${word}"`).join(", ");
    const noun = unknown.length === 1 ? "a word" : "words";
    return new NuwaError("INPUT", `The caption "${text}" has ${noun} that the model never saw: ${names}.`, {
      hint: near.length > 0 ? `Try ${near.join("; ")}.` : `Known words are: ${sampleOf(this.words)}.`,
    });
  }
}

/** Lower-case words of a text, without punctuation around them. */
function splitWords(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/u)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ""))
    .filter((word) => word !== "");
}

function sampleOf(words: readonly string[], most = 60): string {
  return words.length <= most
    ? words.join(", ")
    : `${words.slice(0, most).join(", ")} and ${words.length - most} more`;
}

function tooLong(text: string, count: number, limit: number): NuwaError {
  return new NuwaError(
    "INPUT",
    `The caption "${text}" has ${count} words; the model reads at most ${limit}.`,
    {
      hint: "Shorten it.",
    },
  );
}
