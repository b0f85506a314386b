import { Presets, SingleBar } from "cli-progress";
import type { TextStream } from "./console.ts";
import { formatDuration, formatNumber } from "./duration.ts";

export interface Progress {
  /** `done` units of the total are finished; `figures` are shown beside, in their order. */
  update(done: number, figures?: Readonly<Record<string, number>>): void;
  /** Work begins at `done`, which a former run did: the rate leaves it out. */
  begin(done: number): void;
  /** The total became known, or changed. */
  setTotal(total: number): void;
  /** Ends the display with a last line. Later calls do nothing. */
  finish(): void;
}

export interface ProgressOptions {
  readonly title: string;
  readonly total: number;
  readonly unit: string;
  readonly out: TextStream;
  /** Seconds between plain lines. Default 5. */
  readonly every?: number;
  /** The present time in milliseconds. */
  readonly now?: () => number;
}

/** A bar that redraws itself on a terminal; elsewhere a line every few seconds, with rate and time left. */
export function createProgress(options: ProgressOptions): Progress {
  return options.out.isTTY ? barProgress(options) : lineProgress(options);
}

function lineProgress({ title, total, unit, out, every = 5, now = Date.now }: ProgressOptions): Progress {
  const meter = createMeter(now);
  let [all, done, figures] = [total, 0, {}];
  let printed = now();
  let open = true;
  const print = (): void => {
    const share = all > 0 ? ` (${Math.floor((100 * done) / all)} %)` : "";
    out.write(
      `${title}: ${done}/${all} ${unit}${share}${meter.words(done, all, unit)}${figureWords(figures)}\n`,
    );
    printed = now();
  };
  return {
    begin(count) {
      done = count;
      meter.begin(count);
    },
    update(count, latest = figures) {
      if (!open) return;
      [done, figures] = [count, latest];
      meter.mark(count);
      if (now() - printed >= every * 1000) print();
    },
    setTotal(count) {
      all = count;
    },
    finish() {
      if (!open) return;
      open = false;
      out.write(`${title}: ${done} ${unit} in ${formatDuration(meter.elapsed())}${figureWords(figures)}\n`);
    },
  };
}

function barProgress({ title, total, unit, out, now = Date.now }: ProgressOptions): Progress {
  const meter = createMeter(now);
  let [all, done, figures, open] = [total, 0, {}, true];
  const bar = new SingleBar(
    {
      format: `{title} {bar} {value}/{total} {unit}{words}`,
      barsize: 24,
      hideCursor: true,
      stream: out as NodeJS.WritableStream,
      fps: 5,
    },
    Presets.shades_classic,
  );
  bar.start(all, 0, { title, unit, words: "" });
  return {
    begin(count) {
      done = count;
      meter.begin(count);
    },
    update(count, latest = figures) {
      if (!open) return;
      [done, figures] = [count, latest];
      meter.mark(count);
      bar.update(count, { words: meter.words(count, all, unit) + figureWords(figures) });
    },
    setTotal(count) {
      all = count;
      bar.setTotal(count);
    },
    finish() {
      if (!open) return;
      open = false;
      bar.update(done, { words: ` in ${formatDuration(meter.elapsed())}${figureWords(figures)}` });
      bar.stop();
    },
  };
}

const WINDOW_MS = 20_000;

/** The rate over the last seconds, so that the time left follows the present speed and not the start's. */
function createMeter(now: () => number) {
  const started = now();
  const marks: { time: number; done: number }[] = [{ time: started, done: 0 }];
  return {
    begin(done: number): void {
      marks.splice(0, marks.length, { time: now(), done });
    },
    elapsed: (): number => (now() - started) / 1000,
    mark(done: number): void {
      marks.push({ time: now(), done });
      while (marks.length > 2 && marks[1].time < now() - WINDOW_MS) marks.shift();
    },
    words(done: number, total: number, unit: string): string {
      const { time, done: from } = marks[0];
      const seconds = (now() - time) / 1000;
      if (seconds <= 0 || done <= from) return "";
      const rate = (done - from) / seconds;
      return `, ${formatNumber(rate)} ${unit}/s, ${formatDuration((total - done) / rate)} left`;
    },
  };
}

function figureWords(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, value]) => `, ${name} ${formatNumber(value)}`)
    .join("");
}
