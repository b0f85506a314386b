export interface FetchProgress {
  readonly phase: "download" | "unpack";
  /** Bytes so far, and of how many. */
  readonly bytes: number;
  readonly total: number;
  /** What is being done, in words. */
  readonly message: string;
}

export interface NodeOptions {
  /** Threads that compute. Default: the cores that this process may use. Fixed by the first call. */
  readonly threads?: number;
  /** Whether libtensorflow may be fetched where it is not found. Default true. */
  readonly fetch?: boolean;
  /** Told how a fetch goes on. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Ends a fetch. */
  readonly signal?: AbortSignal;
}
