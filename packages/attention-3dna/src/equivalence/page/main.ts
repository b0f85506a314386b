import { type CheckRequest, type CheckResult, check } from "./check.ts";

declare global {
  var checkHere: (request: CheckRequest) => Promise<CheckResult>;
  var checkInWorker: (request: CheckRequest) => Promise<CheckResult>;
}

globalThis.checkHere = check;

globalThis.checkInWorker = (request) => {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise<CheckResult>((resolve, reject) => {
    worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.result));
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(request);
  }).finally(() => worker.terminate());
};
