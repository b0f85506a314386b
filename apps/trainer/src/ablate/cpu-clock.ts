/** CPU seconds of this process so far, over all its threads. */
const usedCpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** A stopwatch of CPU time: unlike wall time it does not run while other programs have the processor. */
export class CpuClock {
  readonly #now: () => number;
  #from: number;
  #before = 0;

  /** Begins at 0, running. @param now seconds */
  constructor(now: () => number = usedCpu) {
    this.#now = now;
    this.#from = now();
  }

  get seconds(): number {
    return this.#before + this.#now() - this.#from;
  }

  /** Runs something whose time does not count. */
  async without<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#before = this.seconds;
    try {
      return await work();
    } finally {
      this.#from = this.#now();
    }
  }
}
