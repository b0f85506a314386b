import { ask } from "@nuwa/testing/page";
import { type CheckRequest, type CheckResult, check } from "./check.ts";

declare global {
  var checkHere: (request: CheckRequest) => Promise<CheckResult>;
  var checkInWorker: (request: CheckRequest) => Promise<CheckResult>;
}

globalThis.checkHere = check;

globalThis.checkInWorker = (request) =>
  ask(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }), request);
