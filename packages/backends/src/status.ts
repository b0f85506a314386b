/** What a program gets after it selected a backend. */
export interface SelectedBackend {
  readonly name: string;
  /** The processor that computes, in words. */
  readonly device: string;
  /** What is used: versions, threads, adapter. */
  readonly detail: string;
}

/** Whether a backend can run here, without selecting it. */
export interface BackendProbe {
  readonly available: boolean;
  /** A GPU API that is computed on the CPU. */
  readonly software?: boolean;
  readonly device?: string;
  readonly detail: string;
  /** Why it is not available. */
  readonly reason?: string;
  /** What would make it available. */
  readonly fix?: string;
}
