/** Called by a page's worker: it answers a request by what `compute` gives for it. */
export function answer<Request, Result>(compute: (request: Request) => Promise<Result>): void {
  globalThis.onmessage = async ({ data }: MessageEvent<Request>) => {
    try {
      postMessage({ result: await compute(data) });
    } catch (error) {
      postMessage({ error: String(error) });
    }
  };
}

/** Called by the page: the worker's answer, after which it ends. An error there is one here. */
export function ask<Request, Result>(worker: Worker, request: Request): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.result));
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}
