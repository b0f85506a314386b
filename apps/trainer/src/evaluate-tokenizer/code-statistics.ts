/** How often each code of a codebook occurred. */
export class CodeStatistics {
  private readonly counts: Float64Array;
  private total = 0;

  constructor(codebookSize: number) {
    this.counts = new Float64Array(codebookSize);
  }

  add(codes: ArrayLike<number>): void {
    for (let index = 0; index < codes.length; index++) this.counts[codes[index]]++;
    this.total += codes.length;
  }

  /** The share of the codebook that occurred. */
  usage(): number {
    return this.counts.filter((count) => count > 0).length / this.counts.length;
  }

  /** e to the entropy of the codes: as many equally frequent codes would be as hard to guess. 1 to the codebook's size. */
  perplexity(): number {
    const entropy = this.counts.reduce((sum, count) => {
      const share = count / this.total;
      return share > 0 ? sum - share * Math.log(share) : sum;
    }, 0);
    return Math.exp(entropy);
  }
}
